package alexnet_test

import (
	"math"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// bfloat16 keeps 8 bits of a number: activations and gradients are close to those
// in float32, and every visible tensor is float32.
func TestBFloat16IsClose(t *testing.T) {
	float32s := newHarness(t, tiny, graphOptions{gradients: allGradients})
	for _, layers := range [][]string{alexnet.BVLC.LayerNames()[:5], alexnet.BVLC.LayerNames()[:7]} {
		config := tiny
		config.BFloat16 = layers
		bfloat16s := newHarness(t, config, graphOptions{gradients: allGradients})
		values := map[*harness][][]float32{}
		for _, tr := range []*harness{float32s, bfloat16s} {
			tr.batch(t, randomImages(tiny, 4, 3), []int32{0, 1, 2, 3})
			tr.start(t, randomWeights(tiny, 4))
			fetches := append([]tf.Output{tr.loss, tr.net.Logits}, tr.gradients...)
			for _, a := range tr.net.Activations {
				fetches = append(fetches, a.Output)
			}
			for _, v := range tr.run(t, nil, fetches) {
				values[tr] = append(values[tr], v.Data)
			}
		}
		differ := false
		for i, want := range values[float32s] {
			off := distance(values[bfloat16s][i], want)
			differ = differ || off > 1e-5
			if off > 0.15 { // gradients pass eight layers twice, at 2^-9 a value and with other maxima
				t.Errorf("%v: value %d: got a relative error of %.3g, want at most 0.15", layers, i, off)
			}
		}
		if differ != tfgraph.HasBFloat16() {
			t.Errorf("%v: got a difference: %v, want %v, as the processor has bfloat16", layers, differ, tfgraph.HasBFloat16())
		}
	}
}

// distance is the relative error |got-want| / |want|.
func distance(got, want []float32) float64 {
	var off, all float64
	for i, w := range want {
		off += math.Pow(float64(got[i]-w), 2)
		all += math.Pow(float64(w), 2)
	}
	return math.Sqrt(off / all)
}

func TestBFloat16NamesLayers(t *testing.T) {
	config := tiny
	config.BFloat16 = []string{"conv6"}
	if err := config.Validate(); err == nil {
		t.Error("got no error for an unknown layer")
	}
}
