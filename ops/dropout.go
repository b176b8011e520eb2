package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Dropout zeroes each value with probability rate and divides the others by
// 1-rate (inverted dropout: nothing is left to do when predicting). rate is a
// scalar in [0,1); at 0 the values pass unchanged, bit for bit. The mask is a
// pure function of seed [2]int64 and salt, so a step can be repeated exactly;
// Python's tf.random.stateless_uniform gives the same numbers.
func Dropout(s *op.Scope, x, rate, seed tf.Output, salt int64) tf.Output {
	own := op.AddV2(s.SubScope("seed"), seed, tfgraph.Const(s, "salt", []int64{salt, 0}))
	uniform := op.StatelessRandomUniform(s, op.Shape(s, x), own)
	keep := op.Cast(s, op.GreaterEqual(s, uniform, rate), tf.Float)
	scale := op.Sub(s, tfgraph.Const(s, "one", float32(1)), rate)
	return op.Mul(s, op.Div(s, x, scale), keep)
}
