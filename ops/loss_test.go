package ops_test

import (
	"math"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"pgregory.net/rapid"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// crossEntropy is -log softmax at the label, in a form that cannot overflow.
func crossEntropy(logits []float64, label int) float64 {
	most, sum := slices.Max(logits), 0.0
	for _, l := range logits {
		sum += math.Exp(l - most)
	}
	return math.Log(sum) + (most - logits[label])
}

// checkLosses allows for float32's rounding of the logits' differences.
func checkLosses(t failer, logits array, labels []int32) {
	t.Helper()
	want := wantLosses(logits, labels)
	within(t, "losses", losses(t, logits, labels), want, 1e-6*max(1, slices.Max(want)))
}

// losses computes the loss of each row of logits [n,classes].
func losses(t failer, logits array, labels []int32) []float32 {
	t.Helper()
	s := op.NewScope()
	x := logits.constant(s, "logits")
	y := ops.CrossEntropy(s.SubScope("loss"), x, tfgraph.Const(s, "labels", labels), logits.shape[1])
	session := open(t, s)
	defer session.Close()
	return run[float32](t, session, nil, []tf.Output{y})[0]
}

// wantLosses is the same in float64.
func wantLosses(logits array, labels []int32) (each []float64) {
	c := logits.shape[1]
	for i, label := range labels {
		each = append(each, crossEntropy(logits.values[i*c:(i+1)*c], int(label)))
	}
	return each
}

func TestCrossEntropy(t *testing.T) {
	for name, test := range map[string]struct {
		logits array
		labels []int32
	}{
		"uniform":             {array{[]int{2, 4}, make([]float64, 8)}, []int32{0, 3}},
		"confident, correct":  {array{[]int{1, 3}, []float64{20, 0, 0}}, []int32{0}},
		"huge, correct":       {array{[]int{1, 3}, []float64{1e30, 0, -1e30}}, []int32{0}},
		"huge, wrong":         {array{[]int{1, 3}, []float64{1e30, 0, -1e30}}, []int32{1}},
		"all huge":            {array{[]int{1, 2}, []float64{3e38, 3e38}}, []int32{1}},
		"all hugely negative": {array{[]int{1, 2}, []float64{-3e38, -3e38}}, []int32{1}},
		"one class":           {array{[]int{2, 1}, []float64{5, -5}}, []int32{0, 0}},
		"random":              {random(1, 5, 7), []int32{0, 6, 3, 3, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			checkLosses(t, test.logits, test.labels)
		})
	}
}

func TestCrossEntropyOfInvalidLabels(t *testing.T) {
	within(t, "labels outside the classes", losses(t, random(1, 2, 3), []int32{-1, 3}), []float64{0, 0}, 0)
}

func TestCrossEntropyProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, c := rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(1, 6).Draw(t, "classes")
		scale := rapid.Float64Range(.1, 200).Draw(t, "scale")
		logits := random(rapid.Uint64().Draw(t, "seed"), n, c)
		for i := range logits.values {
			logits.values[i] = float64(float32(scale * logits.values[i]))
		}
		labels := rapid.SliceOfN(rapid.Int32Range(0, int32(c-1)), n, n).Draw(t, "labels")
		checkLosses(t, logits, labels)
	})
}

func TestCrossEntropyGradient(t *testing.T) {
	logits, labels := random(3, 4, 5), []int32{4, 0, 2, 2}
	root, tape := op.NewScope(), new(ops.Tape)
	v := newFedVariable(root, "logits", logits)
	tape.Use(v.Variable)
	each := ops.CrossEntropy(root.SubScope("loss"), v.Value, tfgraph.Const(root, "labels", labels), 5)
	loss := op.Sum(root, each, tfgraph.Const(root, "axis", []int32{0}))
	grads := ops.Gradients(root, loss, []ops.Variable{v.Variable}, tape)
	got := run[float32](t, openWith(t, root, v), nil, grads)[0]
	want := finiteDifferences(logits, func() (sum float64) {
		for _, loss := range wantLosses(logits, labels) {
			sum += loss
		}
		return sum
	})
	near(t, "gradient", got, want, 1e-5)
}

func TestInTopK(t *testing.T) {
	logits := array{[]int{5, 4}, []float64{
		.1, .9, .5, .2, // 2 is second
		.1, .9, .5, .2, // 0 is last
		.7, .7, .7, .1, // a tie for the first place
		.9, .5, .5, .1, // a tie for the second place
		.1, .2, .3, .4, // 3 is first
	}}
	labels := []int32{2, 0, 1, 2, 3}
	for k, want := range map[int][]bool{
		1: {false, false, true, false, true},
		2: {true, false, true, true, true},
		3: {true, false, true, true, true},
		4: {true, true, true, true, true},
	} {
		s := op.NewScope()
		y := ops.InTopK(s, logits.constant(s, "logits"), tfgraph.Const(s, "labels", labels), k)
		if got := eval[bool](t, s, y); !slices.Equal(got, want) {
			t.Errorf("top %d: got %v, want %v", k, got, want)
		}
	}
}
