package alexnet

import (
	"math"
	"strings"
	"testing"

	"alexnet/internal/hint"
	"alexnet/internal/weights"
)

// Weights that would make the first loss non-finite are refused with their file, layer and number, unless the layer is
// initialized from scratch.
func TestPlanRejectsNonFiniteWeights(t *testing.T) {
	config := Config{Classes: 2, Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}
	file := func() *weights.File {
		w := &weights.File{Path: "bvlc.npy"}
		for _, l := range config.Layers() {
			array := func(shape []int64) *weights.Array {
				a, count := new(weights.Array), int64(1)
				for _, d := range shape {
					a.Shape, count = append(a.Shape, int(d)), count*d
				}
				a.Data = make([]float32, count)
				return a
			}
			w.Layers = append(w.Layers, weights.Layer{Name: l.Name, Weights: array(l.Weights), Biases: array(l.Biases)})
		}
		return w
	}
	train := Selection{Train: config.Architecture().LayerNames()}
	for name, damage := range map[string]func(l weights.Layer){
		"NaN": func(l weights.Layer) { l.Weights.Data[7], l.Weights.Data[9] = float32(math.NaN()), float32(math.NaN()) },
		"Inf": func(l weights.Layer) {
			l.Weights.Data[0], l.Weights.Data[1] = float32(math.Inf(1)), float32(math.Inf(-1))
		},
		"both": func(l weights.Layer) {
			l.Weights.Data[7], l.Weights.Data[8] = float32(math.NaN()), float32(math.Inf(1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := file()
			damage(w.Layers[1])
			w.Layers[6].Biases.Data[3] = float32(math.NaN())
			_, err := NewPlan(config, w, train)
			for _, want := range []string{`layer conv2 of "bvlc.npy": weights: got 2 non-finite values`, `layer fc7 of "bvlc.npy": biases: got 1 non-finite values of 16`} {
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(hint.Of(err), "--init-layers") {
					t.Errorf("got %v, hint %q, want %q", err, hint.Of(err), want)
				}
			}
			if _, err := NewPlan(config, w, Selection{Train: train.Train, Init: []string{"conv2", "fc7"}}); err != nil {
				t.Errorf("the layers start from scratch: got %v", err)
			}
		})
	}
}
