package ops_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/internal/parity"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// checkedUpdate is an update of variables by fed gradients, with a finite check.
type checkedUpdate struct {
	session *tfgraph.Session
	vars    []fedVariable
	grads   []tf.Output
	loss    tf.Output
	check   ops.FiniteCheck
	clipped []tf.Output
	update  ops.Update
}

func newCheckedUpdate(t testing.TB, optimizer ops.Optimizer, limit float32, start ...array) checkedUpdate {
	t.Helper()
	root := op.NewScope()
	g := checkedUpdate{loss: tfgraph.Placeholder(root, "loss", tf.Float, tf.ScalarShape())}
	var vars []ops.Variable
	for i, a := range start {
		v := newFedVariable(root, fmt.Sprintf("v%d", i), a)
		g.vars, vars = append(g.vars, v), append(vars, v.Variable)
		g.grads = append(g.grads, tfgraph.Placeholder(root, fmt.Sprintf("g%d", i), tf.Float, tf.MakeShape(a.dims()...)))
	}
	g.check = ops.NewFiniteCheck(root.SubScope("guard"), g.grads, g.loss)
	g.clipped = g.check.Clip(root.SubScope("clip"), g.grads, limit)
	g.update = ops.NewUpdate(root, optimizer, vars, g.clipped, g.check.Pass)
	var zero []*tf.Operation
	for _, slot := range g.update.Slots {
		zero = append(zero, ops.Zeros(root, slot))
	}
	g.session = openWith(t, root, g.vars...)
	if len(zero) > 0 {
		run[float32](t, g.session, nil, nil, zero...)
	}
	return g
}

func (g checkedUpdate) feeds(t testing.TB, loss float32, grads ...[]float32) tfgraph.Feeds {
	feeds := tfgraph.Feeds{g.loss: tensor(t, []float32{loss}), g.update.LearningRate: tensor(t, []float32{1}), g.update.Step: tensor(t, []int64{0})}
	for i, values := range grads {
		feeds[g.grads[i]] = tensor(t, values, g.vars[i].Shape...)
	}
	return feeds
}

// state returns every variable and slot.
func (g checkedUpdate) state(t testing.TB) [][]float32 {
	var values []tf.Output
	for _, v := range g.vars {
		values = append(values, v.Value)
	}
	for _, slot := range g.update.Slots {
		values = append(values, slot.Value)
	}
	return run[float32](t, g.session, nil, values)
}

// One non-finite value, in the loss or in any gradient, skips the whole update
// without an error, and HalfSquares says where it is. The next update is applied.
func TestFiniteCheck(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	cases := map[string]struct {
		loss float32
		a, b []float32
		bad  []bool // of HalfSquares
	}{
		"loss NaN":            {nan, []float32{1, 2}, []float32{3}, []bool{false, false}},
		"loss infinite":       {inf, []float32{1, 2}, []float32{3}, []bool{false, false}},
		"a gradient NaN":      {1, []float32{1, nan}, []float32{3}, []bool{true, false}},
		"another infinite":    {1, []float32{1, 2}, []float32{-inf}, []bool{false, true}},
		"opposite infinities": {1, []float32{inf, 2}, []float32{-inf}, []bool{true, true}},
		"squares too large":   {1, []float32{1e20, 2}, []float32{3}, []bool{true, false}},
		"all NaN":             {nan, []float32{nan, nan}, []float32{nan}, []bool{true, true}},
	}
	for _, optimizer := range []ops.Optimizer{ops.GradientDescent, ops.Momentum, ops.Adam} {
		for name, c := range cases {
			t.Run(string(optimizer)+"/"+name, func(t *testing.T) {
				g := newCheckedUpdate(t, optimizer, 100, array{[]int{2}, []float64{5, 6}}, array{[]int{1}, []float64{7}})
				run[float32](t, g.session, g.feeds(t, 1, []float32{.1, .2}, []float32{.3}), nil, g.update.Op)
				before := g.state(t)
				squares := run[float32](t, g.session, g.feeds(t, c.loss, c.a, c.b), []tf.Output{g.check.HalfSquares}, g.update.Op)[0]
				for i, want := range c.bad {
					if got := squares[i] != squares[i] || math.IsInf(float64(squares[i]), 0); got != want {
						t.Errorf("squares %d: got %v, want finite: %t", i, squares[i], !want)
					}
				}
				if !equal(g.state(t), before) {
					t.Error("a non-finite update changed the state")
				}
				run[float32](t, g.session, g.feeds(t, 1, []float32{.1, .2}, []float32{.3}), nil, g.update.Op)
				if equal(g.state(t), before) {
					t.Error("the next update changed nothing")
				}
			})
		}
	}
}

func equal(a, b [][]float32) bool { return slices.EqualFunc(a, b, slices.Equal[[]float32]) }

// Clipped gradients and their norm equal those of tf.clip_by_global_norm.
func TestClipAgrees(t *testing.T) {
	type gradient struct {
		Shape  []int     `json:"shape"`
		Values []float32 `json:"values"`
	}
	type clipping struct {
		Name      string     `json:"name"`
		Limit     float32    `json:"limit"`
		Gradients []gradient `json:"gradients"`
	}
	draw := func(name string, limit float32, scale float64, shapes ...[]int) clipping {
		c := clipping{Name: name, Limit: limit}
		for i, shape := range shapes {
			a := random(uint64(i+1), shape...)
			for k := range a.values {
				a.values[k] *= scale
			}
			c.Gradients = append(c.Gradients, gradient{shape, a.float32s()})
		}
		return c
	}
	layers := [][]int{{5, 5, 4, 8}, {8}, {300, 40}, {40}, {40, 2}, {2}}
	cases := []clipping{
		draw("shrunk", 1, 1, layers...), draw("within", 1e3, 1, layers...), draw("tiny limit", 1e-6, 1, layers...),
		draw("huge", 5, 1e15, layers...), draw("small", 1, 1e-12, layers...), draw("one", .5, 1, []int{3}), draw("zero", 1, 0, []int{3}, []int{2, 2}),
	}
	reference := parity.Run(t, "scripts/reference/clip.py", map[string]any{"cases": cases})
	tolerance := parity.Tolerance{Max: 3e-7, Norm: 3e-7, Why: "a sum of squares may run in another order"}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var start []array
			var values [][]float32
			for _, g := range c.Gradients {
				start, values = append(start, zeros(g.Shape...)), append(values, g.Values)
			}
			g := newCheckedUpdate(t, ops.GradientDescent, c.Limit, start...)
			out := run[float32](t, g.session, g.feeds(t, 0, values...), append([]tf.Output{g.check.Norm}, g.clipped...))
			cmp := parity.Against(t, reference, c.Name+"/")
			cmp.Check("norm", parity.Tensor{Data: out[0]}, tolerance)
			for i, v := range g.vars {
				cmp.Check(fmt.Sprint(i), parity.Tensor{Shape: v.Shape, Data: out[i+1]}, tolerance)
			}
		})
	}
}
