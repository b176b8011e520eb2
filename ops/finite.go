package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Guard looks at gradients before an update takes them.
type FiniteCheck struct {
	HalfSquares tf.Output     // float32 [len(grads)]: half the sum of squares of each, finite only if all its values are
	Norm        tf.Output     // float32 scalar: the root of the sum of all squares
	Pass        *tf.Operation // what an update waits for that is not to happen unless Norm is finite
}

// NewGuard adds the guard of grads. Pass asks the scalars also to be finite too,
// such as the loss. They must not be negative.
func NewFiniteCheck(s *op.Scope, grads []tf.Output, also ...tf.Output) FiniteCheck {
	var g FiniteCheck
	if s.Err() != nil {
		return g
	}
	halves := make([]tf.Output, len(grads))
	for i, grad := range grads {
		halves[i] = op.L2Loss(s.SubScope("half"), grad)
	}
	if s.Err() != nil {
		return g
	}
	g.HalfSquares = op.Pack(s, halves)
	half := op.Sum(s, g.HalfSquares, tfgraph.Const(s, "axis", []int32{0}))
	g.Norm = op.Sqrt(s, op.Mul(s, half, tfgraph.Const(s, "two", float32(2))))
	if s.Err() != nil {
		return g
	}
	// None is negative, so no infinity cancels another, and the sum is finite only
	// if all are.
	ok := op.IsFinite(s, op.AddN(s, append([]tf.Output{half}, also...)))
	// The branch that is not taken is dead, and so is all that waits for it.
	_, taken := op.Switch(s, ok, ok)
	g.Pass = op.NoOp(s.WithControlDependencies(op.Identity(s.SubScope("pass"), taken).Op))
	return g
}

// Clip shrinks grads so that their global norm is at most limit: by
// limit*min(1/norm, 1/limit), as tf.clip_by_global_norm computes it.
func (g FiniteCheck) Clip(s *op.Scope, grads []tf.Output, limit float32) []tf.Output {
	if s.Err() != nil {
		return grads
	}
	most := tfgraph.Const(s, "limit", limit)
	one := tfgraph.Const(s, "one", float32(1))
	inverse := op.Minimum(s, op.Div(s.SubScope("by_norm"), one, g.Norm), op.Div(s.SubScope("by_limit"), one, most))
	scale := op.Mul(s.SubScope("scale"), most, inverse)
	clipped := make([]tf.Output, len(grads))
	for i, grad := range grads {
		clipped[i] = op.Mul(s.SubScope("clipped"), grad, scale)
	}
	return clipped
}
