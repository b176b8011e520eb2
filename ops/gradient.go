package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
)

// Tape records, in the order of the forward pass, where each variable is used
// and which operations need a gradient other than the registry's.
type Tape struct {
	stage map[string]int // variable → number of cuts before its use
	cuts  []cut
}

type cut struct {
	x, y tf.Output
	grad func(s *op.Scope, dy tf.Output) tf.Output
}

// acrossCut is the stage of a variable used on both sides of a cut.
const acrossCut = -1

// Use records that the forward pass uses v at this point. A variable may be used
// again up to the next cut, not beyond it.
func (t *Tape) Use(v Variable) {
	if t.stage == nil {
		t.stage = map[string]int{}
	}
	stage := len(t.cuts)
	if before, ok := t.stage[v.Name]; ok && before != stage {
		stage = acrossCut
	}
	t.stage[v.Name] = stage
}

func (t *Tape) cut(x, y tf.Output, grad func(*op.Scope, tf.Output) tf.Output) {
	t.cuts = append(t.cuts, cut{x, y, grad})
}

// Gradients adds the backward pass from the scalar loss and returns its derivative with respect to each of vars, in
// their order. The pass runs backwards from cut to cut: the registry differentiates up to a cut, the cut's own gradient
// passes through it, and the pass ends at the first of vars. Every path from a variable to the loss must therefore pass
// through the cuts between them: a penalty on the variable itself belongs to its gradient, not to the loss. A variable
// that the tape has not recorded, or that is used on both sides of a cut, fails the scope.
func Gradients(root *op.Scope, loss tf.Output, vars []Variable, tape *Tape) []tf.Output {
	if root.Err() != nil {
		return make([]tf.Output, len(vars))
	}
	s := root.SubScope("gradients")
	first := len(tape.cuts)
	for _, v := range vars {
		stage, ok := tape.stage[v.Name]
		if !ok {
			fail(root, "Gradients", "differentiate with respect to %q: the forward pass does not use it", v.Name)
			return make([]tf.Output, len(vars))
		}
		if stage == acrossCut {
			fail(root, "Gradients", "differentiate with respect to %q: it is used on both sides of a cut", v.Name)
			return make([]tf.Output, len(vars))
		}
		first = min(first, stage)
	}
	grads := make([]tf.Output, len(vars))
	from, seed := loss, []tf.Output(nil)
	for stage := len(tape.cuts); ; stage-- {
		xs, index := tape.at(stage, vars)
		if stage > first {
			xs = append(xs, tape.cuts[stage-1].y)
		}
		dxs := op.Gradients(s.SubScope("part"), []tf.Output{from}, xs, seed...)
		if s.Err() != nil {
			return grads
		}
		for k, i := range index {
			grads[i] = dxs[k]
		}
		if stage == first {
			return grads
		}
		c := tape.cuts[stage-1]
		from, seed = c.x, []tf.Output{c.grad(s.SubScope("cut"), dxs[len(dxs)-1])}
	}
}

// at returns the values of those vars that are used between cut stage-1 and cut stage, with their indices in vars.
func (t *Tape) at(stage int, vars []Variable) (values []tf.Output, index []int) {
	for i, v := range vars {
		if t.stage[v.Name] == stage {
			values, index = append(values, v.Value), append(index, i)
		}
	}
	return values, index
}
