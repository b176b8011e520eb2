package ops_test

import (
	"math"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
)

// glorot returns a variable's initial values in a graph of its own.
func glorot(t *testing.T, name string, seed int64, shape ...int64) []float32 {
	t.Helper()
	root := op.NewScope()
	v := ops.NewVariable(root, name, shape...)
	start := ops.GlorotNormal(root, v, seed)
	session := open(t, root)
	defer session.Close()
	run[float32](t, session, nil, nil, start)
	return run[float32](t, session, nil, []tf.Output{v.Value})[0]
}

func TestGlorotNormal(t *testing.T) {
	for _, test := range []struct {
		name  string
		shape []int64
		fans  float64 // in and out together
	}{
		{"convolution", []int64{3, 3, 96, 160}, 9 * (96 + 160)},
		{"fully connected", []int64{500, 300}, 500 + 300},
		{"narrow", []int64{40000, 4}, 40000 + 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			values := glorot(t, "w", 1, test.shape...)
			sum, squares, largest := 0.0, 0.0, 0.0
			for _, f := range values {
				v := float64(f)
				sum, squares, largest = sum+v, squares+v*v, math.Max(largest, math.Abs(v))
			}
			n, want := float64(len(values)), math.Sqrt(2/test.fans)
			mean, deviation := sum/n, math.Sqrt(squares/n)
			if math.Abs(deviation-want) > .01*want || math.Abs(mean) > .02*want {
				t.Errorf("got mean %g, deviation %g, want 0, %g within 1 %%", mean, deviation, want)
			}
			// Truncated at two deviations of the original distribution.
			if cut := 2 * want / .8796256610342398; largest > 1.0001*cut || largest < .99*cut {
				t.Errorf("got values up to %g, want all within %g, and some near", largest, cut)
			}
		})
	}
}

func TestGlorotNormalIsAFunctionOfSeedAndName(t *testing.T) {
	want := glorot(t, "fc6/weights", 1, 20, 30)
	if got := glorot(t, "fc6/weights", 1, 20, 30); !slices.Equal(got, want) {
		t.Error("the same seed and name gave different values")
	}
	if got := glorot(t, "fc6/weights", 2, 20, 30); slices.Equal(got, want) {
		t.Error("another seed gave the same values")
	}
	if got := glorot(t, "fc7/weights", 1, 20, 30); slices.Equal(got, want) {
		t.Error("another name gave the same values")
	}
	root := op.NewScope()
	ops.NewVariable(root, "something/else", 5)
	v := ops.NewVariable(root, "fc6/weights", 20, 30)
	ops.Zeros(root, v)
	start := ops.GlorotNormal(root, v, 1)
	session := open(t, root)
	defer session.Close()
	run[float32](t, session, nil, nil, start)
	if got := run[float32](t, session, nil, []tf.Output{v.Value})[0]; !slices.Equal(got, want) {
		t.Error("the rest of the graph changed the values")
	}
}

func TestZeros(t *testing.T) {
	root := op.NewScope()
	v := newFedVariable(root, "fc8/biases", random(1, 7))
	zero := ops.Zeros(root, v.Variable)
	session := openWith(t, root, v)
	run[float32](t, session, nil, nil, zero)
	near(t, "zeros", run[float32](t, session, nil, []tf.Output{v.Value})[0], make([]float64, 7), 0)
}
