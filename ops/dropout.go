package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Dropout zeroes each value of x [N,…] with probability rate and divides the others by 1-rate (inverted dropout:
// inference needs no correction). rate is a scalar in [0,1); at 0 the values pass unchanged, bit for bit. The mask is a
// pure function of seed and salt, so a step can be repeated exactly; Python's tf.random.stateless_uniform gives the
// same numbers. seed is [2]int64, or [3]int64 for a micro-batch: the third value is the row of the batch at which x
// starts, and x then gets the same mask as those rows of the whole batch.
func Dropout(s *op.Scope, x, rate, seed tf.Output, salt int64) tf.Output {
	keep := op.Cast(s, op.GreaterEqual(s, uniform(s.SubScope("uniform"), x, seed, salt), rate), tf.Float)
	scale := op.Sub(s, tfgraph.Const(s, "one", float32(1)), rate)
	return op.Mul(s, op.Div(s, x, scale), keep)
}

// uniform draws a number in [0,1) for each value of x. Philox makes four of them
// from each value of its counter, which a micro-batch advances.
func uniform(s *op.Scope, x, seed tf.Output, salt int64) tf.Output {
	const perCount, philox = 4, 1
	number := func(name string, n ...int64) tf.Output { return tfgraph.Const(s, name, n) }
	one, two, four := number("one", 1), number("two", 2), number("four", perCount)
	shape := op.Shape(s, x, op.ShapeOutType(tf.Int64))
	elements := product(s.SubScope("elements"), shape, 0)
	row := op.Sum(s, op.StridedSlice(s.SubScope("row"), seed, two, number("three", 3), one), number("axis", 0))
	start := op.Mul(s, op.Reshape(s, row, one), product(s.SubScope("width"), shape, 1))
	skipped := op.FloorMod(s, start, four)

	own := op.StridedSlice(s.SubScope("seed"), seed, number("zero", 0), two, one)
	key, counter := op.StatelessRandomGetKeyCounter(s, op.AddV2(s.SubScope("own"), own, number("salt", salt, 0)))
	count := op.Mul(s.SubScope("count"), op.FloorDiv(s, start, four), number("low", 1, 0))
	numbers := op.StatelessRandomUniformV2(s, op.AddV2(s.SubScope("drawn"), elements, skipped), key,
		op.AddV2(s.SubScope("from"), counter, op.Cast(s, count, tf.Uint64)), tfgraph.Const(s, "philox", int32(philox)))
	return op.Reshape(s.SubScope("shape"), op.Slice(s, numbers, skipped, elements), shape)
}

// product multiplies the dimensions of shape from the given one on: [1]int64.
func product(s *op.Scope, shape tf.Output, from int64) tf.Output {
	sizes := op.StridedSlice(s, shape, tfgraph.Const(s, "from", []int64{from}),
		tfgraph.Const(s, "end", []int64{0}), tfgraph.Const(s, "stride", []int64{1}), op.StridedSliceEndMask(1))
	return op.Prod(s, sizes, tfgraph.Const(s, "axis", []int32{0}), op.ProdKeepDims(true))
}
