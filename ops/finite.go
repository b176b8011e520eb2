package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// FiniteCheck tests gradients before the optimizer applies them.
type FiniteCheck struct {
	HalfSquares tf.Output     // float32 [len(grads)]: half the sum of squares of each gradient; finite only if all its values are
	Norm        tf.Output     // float32 scalar: the global norm
	Pass        *tf.Operation // an update that depends on it is skipped unless Norm is finite
}

// NewFiniteCheck adds the check of grads. Pass also requires the scalars in also,
// such as the loss, to be finite. They must not be negative.
func NewFiniteCheck(s *op.Scope, grads []tf.Output, also ...tf.Output) FiniteCheck {
	var c FiniteCheck
	halves := make([]tf.Output, len(grads))
	for i, grad := range grads {
		halves[i] = op.L2Loss(s.SubScope("half"), grad)
	}
	c.HalfSquares = op.Pack(s, halves)
	half := op.Sum(s, c.HalfSquares, tfgraph.Const(s, "axis", []int32{0}))
	c.Norm = op.Sqrt(s, op.Mul(s, half, tfgraph.Const(s, "two", float32(2))))
	// No term is negative, so infinities cannot cancel: the sum is finite only if every term is.
	ok := op.IsFinite(s, op.AddN(s, append([]tf.Output{half}, also...)))
	// The branch not taken is dead, and so is everything that depends on it.
	_, taken := op.Switch(s, ok, ok)
	c.Pass = op.NoOp(s.WithControlDependencies(op.Identity(s.SubScope("pass"), taken).Op))
	return c
}

// Clip scales grads so that their global norm is at most limit: by
// limit*min(1/norm, 1/limit), as tf.clip_by_global_norm computes it.
func (c FiniteCheck) Clip(s *op.Scope, grads []tf.Output, limit float32) []tf.Output {
	maxNorm := tfgraph.Const(s, "limit", limit)
	one := tfgraph.Const(s, "one", float32(1))
	inverse := op.Minimum(s, op.Div(s.SubScope("by_norm"), one, c.Norm), op.Div(s.SubScope("by_limit"), one, maxNorm))
	scale := op.Mul(s.SubScope("scale"), maxNorm, inverse)
	clipped := make([]tf.Output, len(grads))
	for i, grad := range grads {
		clipped[i] = op.Mul(s.SubScope("clipped"), grad, scale)
	}
	return clipped
}
