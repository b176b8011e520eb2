package ops_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// optimizers are the recursions in float64: one value, its gradient, two slots.
var optimizers = map[ops.Optimizer]func(w, a, b *float64, g, lr float64, step int){
	ops.GradientDescent: func(w, _, _ *float64, g, lr float64, _ int) { *w -= lr * g },
	ops.Momentum: func(w, a, _ *float64, g, lr float64, _ int) {
		*a = .9**a + g
		*w -= lr * *a
	},
	ops.Adam: func(w, m, v *float64, g, lr float64, step int) {
		*m = .9**m + .1*g
		*v = .999**v + .001*g*g
		t := float64(step + 1)
		unbiased := lr * math.Sqrt(1-math.Pow(.999, t)) / (1 - math.Pow(.9, t))
		*w -= unbiased * *m / (math.Sqrt(*v) + 1e-8)
	},
}

// learner minimizes sum(weights * w²), whose gradient is 2*weights*w.
type learner struct {
	w       fedVariable
	weights array
	update  ops.Update
	session *tfgraph.Session
}

func newLearner(t *testing.T, optimizer ops.Optimizer) *learner {
	t.Helper()
	root, tape := op.NewScope(), new(ops.Tape)
	l := &learner{w: newFedVariable(root, "fc8/weights", random(1, 2, 3)), weights: random(2, 2, 3)}
	tape.Use(l.w.Variable)
	loss := weighted(root, op.Square(root, l.w.Value), l.weights)
	vars := []ops.Variable{l.w.Variable}
	l.update = ops.NewUpdate(root, optimizer, vars, ops.Gradients(root, loss, vars, tape))
	var zero []*tf.Operation
	for _, slot := range l.update.Slots {
		zero = append(zero, ops.Zeros(root, slot))
	}
	l.session = openWith(t, root, l.w)
	if len(zero) > 0 {
		run[float32](t, l.session, nil, nil, zero...)
	}
	return l
}

func (l *learner) step(t *testing.T, lr float32, step int64) {
	t.Helper()
	run[float32](t, l.session, tfgraph.Feeds{
		l.update.LearningRate: tensor(t, []float32{lr}),
		l.update.Step:         tensor(t, []int64{step}),
	}, nil, l.update.Op)
}

func TestOptimizers(t *testing.T) {
	for optimizer, apply := range optimizers {
		t.Run(string(optimizer), func(t *testing.T) {
			l := newLearner(t, optimizer)
			w := slices.Clone(l.w.start.values)
			a, b := make([]float64, len(w)), make([]float64, len(w))
			for step := range 5 {
				lr := .1 / float32(step+1)
				l.step(t, lr, int64(step))
				for i := range w {
					apply(&w[i], &a[i], &b[i], 2*l.weights.values[i]*w[i], float64(lr), step)
				}
				near(t, "weights", run[float32](t, l.session, nil, []tf.Output{l.w.Value})[0], w, 2e-6)
			}
			var slots []tf.Output
			for _, slot := range l.update.Slots {
				slots = append(slots, slot.Value)
			}
			if len(slots) > 0 {
				for k, got := range run[float32](t, l.session, nil, slots) {
					near(t, l.update.Slots[k].Name, got, [][]float64{a, b}[k], 2e-5)
				}
			}
		})
	}
}

func TestUpdateSlots(t *testing.T) {
	for optimizer, want := range map[ops.Optimizer][]string{
		ops.GradientDescent: nil,
		ops.Momentum:        {"fc8/weights/Momentum"},
		ops.Adam:            {"fc8/weights/Adam", "fc8/weights/Adam_1"},
	} {
		var got []string
		for _, slot := range newLearner(t, optimizer).update.Slots {
			got = append(got, slot.Name)
			if !slices.Equal(slot.Shape, []int64{2, 3}) {
				t.Errorf("%s: got shape %v, want [2 3]", slot.Name, slot.Shape)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got slots %q, want %q", optimizer, got, want)
		}
	}
}

func TestNewUpdateRejectsUnknownOptimizer(t *testing.T) {
	root, tape := op.NewScope(), new(ops.Tape)
	w := newFedVariable(root, "w", random(1, 2))
	tape.Use(w.Variable)
	vars := []ops.Variable{w.Variable}
	grads := ops.Gradients(root, weighted(root, w.Value, random(2, 2)), vars, tape)
	u := ops.NewUpdate(root, "lbfgs", vars, grads)
	if u.Op != nil || root.Err() == nil || !strings.Contains(root.Err().Error(), `optimizer "lbfgs"`) {
		t.Errorf("got %v, want an error that names lbfgs", root.Err())
	}
}

// With loss a*b each variable is the other's gradient: a sequential update would
// use the first one's new value.
func TestUpdateIsSimultaneous(t *testing.T) {
	root, tape := op.NewScope(), new(ops.Tape)
	a := newFedVariable(root, "a", array{[]int{1}, []float64{5}})
	b := newFedVariable(root, "b", array{[]int{1}, []float64{2}})
	tape.Use(a.Variable)
	tape.Use(b.Variable)
	loss := weighted(root, op.Mul(root.SubScope("product"), a.Value, b.Value), array{[]int{1}, []float64{1}})
	vars := []ops.Variable{a.Variable, b.Variable}
	u := ops.NewUpdate(root, ops.GradientDescent, vars, ops.Gradients(root, loss, vars, tape))
	session := openWith(t, root, a, b)
	feeds := tfgraph.Feeds{u.LearningRate: tensor(t, []float32{1}), u.Step: tensor(t, []int64{0})}
	before := run[float32](t, session, feeds, []tf.Output{a.Value, b.Value, loss}, u.Op)
	near(t, "fetched with the update", []float32{before[0][0], before[1][0], before[2][0]}, []float64{5, 2, 10}, 0)
	after := run[float32](t, session, nil, []tf.Output{a.Value, b.Value})
	near(t, "after", []float32{after[0][0], after[1][0]}, []float64{3, -3}, 0)
}

// The second gradient reads the first variable again, after long work, and still
// finds the old value: no variable changes before all gradients are computed.
func TestUpdateWaitsForEveryGradient(t *testing.T) {
	root := op.NewScope()
	a := newFedVariable(root, "a", array{[]int{1}, []float64{5}})
	b := newFedVariable(root, "b", array{[]int{1}, []float64{2}})
	work := tfgraph.Placeholder(root, "work", tf.Float, tf.MakeShape(600, 600))
	slow := work
	for range 8 {
		slow = op.MatMul(root.SubScope("slow"), slow, work)
	}
	// Unused work would be optimized away.
	kept := ops.Assign(root, ops.NewVariable(root, "kept", 600, 600), slow)
	one := tfgraph.Const(root, "gradient", []float32{1})
	late := op.ReadVariableOp(root.SubScope("late").WithControlDependencies(kept), a.Handle, tf.Float)
	u := ops.NewUpdate(root, ops.GradientDescent, []ops.Variable{a.Variable, b.Variable}, []tf.Output{one, late})
	session := openWith(t, root, a, b)
	run[float32](t, session, tfgraph.Feeds{
		u.LearningRate: tensor(t, []float32{1}),
		u.Step:         tensor(t, []int64{0}),
		work:           tensor(t, make([]float32, 600*600), 600, 600),
	}, nil, u.Op)
	got := run[float32](t, session, nil, []tf.Output{a.Value, b.Value})
	near(t, "after", []float32{got[0][0], got[1][0]}, []float64{4, -3}, 0)
}
