package alexnet_test

import (
	"math"
	"math/rand/v2"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/internal/parity"
)

// newGradientHarness is the tiny network with gradients, on random images.
func newGradientHarness(t *testing.T, lrn alexnet.LRN, gradients func(*op.Scope, tf.Output, *alexnet.Network) []tf.Output) (*harness, [][]float32) {
	t.Helper()
	tr := newHarness(t, withLRN(tiny, lrn), graphOptions{gradients: gradients})
	tr.batch(t, randomImages(tiny, 8, 3), []int32{0, 1, 2, 3, 4, 0, 1, 2})
	weights := randomWeights(tiny, 4)
	tr.start(t, weights)
	return tr, weights
}

// meanLoss averages in float64: float32 is too coarse.
func (tr *harness) meanLoss(t *testing.T) float64 {
	t.Helper()
	losses := tr.run(t, nil, []tf.Output{tr.losses})[0].Data
	var sum float64
	for _, l := range losses {
		sum += float64(l)
	}
	return sum / float64(len(losses))
}

// finiteDifference is the central difference of the loss when the i-th variable
// moves from at by length in a direction of norm 1, per unit of length.
func (tr *harness) finiteDifference(t *testing.T, i int, at, direction []float32, length float64) float64 {
	t.Helper()
	var ends [2]float64
	for k, h := range []float64{-length, length} {
		moved := make([]float32, len(at))
		for j := range at {
			moved[j] = at[j] + float32(h)*direction[j]
		}
		tr.set(t, i, moved)
		ends[k] = tr.meanLoss(t)
	}
	tr.set(t, i, at)
	return (ends[1] - ends[0]) / (2 * length)
}

// direction is random, of norm 1, and biased towards the gradient, so that the
// slope along it exceeds rounding whatever the number of elements.
func direction(rng *rand.Rand, gradient []float32) []float32 {
	d := normal(rng, len(gradient), 1/math.Sqrt(float64(len(gradient))))
	size := math.Sqrt(dot(gradient, gradient))
	for i := range d {
		d[i] += gradient[i] / float32(size)
	}
	size = math.Sqrt(dot(d, d))
	for i := range d {
		d[i] /= float32(size)
	}
	return d
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// differenceBound bounds the relative error of finite differences; the largest
// measured is half of it.
const differenceBound = 1e-2

// slopeError is the relative error of finite differences of the loss along a few
// directions of the i-th variable. A step changes the loss by 3e-5: longer ones
// cross more kinks of ReLU and pooling (error 2e-2 at 1e-3), shorter ones are
// dominated by float32 rounding (6e-3 at 1e-5, in every layer).
func (tr *harness) slopeError(t *testing.T, i int, at, gradient []float32) float64 {
	t.Helper()
	const directions, change = 6, 3e-5
	rng := rand.New(rand.NewPCG(9, uint64(i)))
	length := change / math.Sqrt(dot(gradient, gradient))
	var difference, total float64
	for range directions {
		d := direction(rng, gradient)
		want, got := tr.finiteDifference(t, i, at, d, length), dot(gradient, d)
		difference, total = difference+(got-want)*(got-want), total+want*want
	}
	return math.Sqrt(difference / total)
}

// The backward pass agrees with finite differences of the forward pass.
func TestGradientsMatchFiniteDifferences(t *testing.T) {
	for _, lrn := range bothLRN {
		t.Run(string(lrn), func(t *testing.T) {
			tr, weights := newGradientHarness(t, lrn, allGradients)
			for i, g := range tr.run(t, nil, tr.gradients) {
				ratio := tr.slopeError(t, i, weights[i], g.Data)
				t.Logf("%s: relative error %.2g", tr.net.Variables[i].Name, ratio)
				if !(ratio <= differenceBound) {
					t.Errorf("%s: gradient and finite differences have a relative error of %.3g, want at most %g", tr.net.Variables[i].Name, ratio, differenceBound)
				}
			}
		})
	}
}

// TestRegistryIsWrongThroughLRN documents why ops.Gradients cuts the backward
// pass at the LRN kernel: TensorFlow's C++ gradient registry ignores the kernel's
// attributes. When this fails, TensorFlow has fixed it, and the cut can go.
func TestRegistryIsWrongThroughLRN(t *testing.T) {
	straight := func(root *op.Scope, loss tf.Output, net *alexnet.Network) []tf.Output {
		values := make([]tf.Output, len(net.Variables))
		for i, v := range net.Variables {
			values[i] = v.Value
		}
		return op.Gradients(root.SubScope("straight"), []tf.Output{loss}, values)
	}
	cut, _ := newGradientHarness(t, alexnet.LRNKernel, allGradients)
	registry, weights := newGradientHarness(t, alexnet.LRNKernel, straight)
	right, wrong := cut.run(t, nil, cut.gradients), registry.run(t, nil, registry.gradients)
	for i, v := range cut.net.Variables {
		d, err := parity.Compare(wrong[i], right[i], parity.Tolerance{Max: 1e-2, Norm: 1e-2, Why: "far above rounding"})
		below := i < 4 // conv1 and conv2 lie below norm2
		if below && err == nil {
			t.Errorf("%s: the registry's gradient is correct now: %v", v.Name, d)
		}
		if !below && err != nil {
			t.Errorf("%s: no LRN lies above it, yet the gradient differs: %v", v.Name, err)
		}
	}
	if ratio := registry.slopeError(t, 0, weights[0], wrong[0].Data); ratio < 5*differenceBound {
		t.Errorf("conv1/weights: the registry's gradient has a relative error of %.3g: finite differences cannot tell it from the correct one", ratio)
	} else {
		t.Logf("conv1/weights: the registry's gradient has a relative error of %.3g", ratio)
	}
}
