package npy

import (
	"math"
	"slices"
	"testing"

	"alexnet/internal/testenv"
)

// TestRealWeights compares with what NumPy said of the same file: w.sum(dtype="f8") and
// the sum of the absolute values.
func TestRealWeights(t *testing.T) {
	w, err := open(testenv.Shared(t, "weights", "bvlc_alexnet_conv.npy"))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		layer                 string
		shape                 []int
		sum, absolute, biases float64
	}{
		{"conv1", []int{11, 11, 3, 96}, 0.8203125, 1375.2578125, -43.6186005659401},
		{"conv2", []int{5, 5, 48, 256}, -362.3203125, 5062.2109375, 23.7927864827216},
		{"conv3", []int{3, 3, 256, 384}, -729.4609375, 10691.5390625, -0.975655665693012},
		{"conv4", []int{3, 3, 192, 384}, -789.734375, 9033.765625, 46.4788505450597},
		{"conv5", []int{3, 3, 192, 256}, -1128.1875, 6415.921875, 56.8036250496516},
	}
	if len(w.Layers) != len(want) {
		t.Fatalf("got layers %v", w.Layers)
	}
	for i, c := range want {
		weights, biases, _ := w.Lookup(c.layer)
		if w.Layers[i].Name != c.layer || !slices.Equal(weights.Shape, c.shape) || !slices.Equal(biases.Shape, c.shape[3:]) {
			t.Errorf("%s: got layer %s, shapes %v and %v", c.layer, w.Layers[i].Name, weights.Shape, biases.Shape)
			continue
		}
		sum, absolute := sums(weights)
		sumBiases, _ := sums(biases)
		for _, pair := range [][2]float64{{sum, c.sum}, {absolute, c.absolute}, {sumBiases, c.biases}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9*math.Max(1, math.Abs(pair[1])) {
				t.Errorf("%s: got a sum of %.12g, want %.12g", c.layer, pair[0], pair[1])
			}
		}
	}
}

func sums(a *Array) (sum, absolute float64) {
	for _, v := range a.Data {
		sum += float64(v)
		absolute += math.Abs(float64(v))
	}
	return sum, absolute
}
