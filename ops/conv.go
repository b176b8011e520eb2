package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Conv convolves x [N,H,W,C] with weights [h,w,C/groups,K], adds biases [K] and
// applies ReLU. With groups > 1 the input's and the filter's channels are split
// evenly and group i of the filters sees group i of the input only (Krizhevsky
// et al. 2012, §3.5; Caffe's convolution_param.group). padding is SAME or VALID.
func Conv(s *op.Scope, x, weights, biases tf.Output, stride int64, padding string, groups int) tf.Output {
	y := conv(s, x, weights, stride, padding, groups)
	return op.Relu(s, op.BiasAdd(s, y, biases))
}

// conv joins one plain Conv2D a group: the portable form, since the default CPU
// kernels cannot train a grouped Conv2D.
func conv(s *op.Scope, x, weights tf.Output, stride int64, padding string, groups int) tf.Output {
	strides := []int64{1, stride, stride, 1}
	if groups == 1 {
		return op.Conv2D(s, x, weights, strides, padding)
	}
	axis := tfgraph.Const(s, "channels", int32(3))
	xs := op.Split(s.SubScope("inputs"), axis, x, int64(groups))
	ws := op.Split(s.SubScope("filters"), axis, weights, int64(groups))
	if s.Err() != nil {
		return tf.Output{}
	}
	parts := make([]tf.Output, groups)
	for i := range parts {
		parts[i] = op.Conv2D(s.SubScope("group"), xs[i], ws[i], strides, padding)
	}
	return op.ConcatV2(s, parts, axis)
}

// MaxPool takes the maximum over size x size windows, stride apart, without
// padding. AlexNet's windows overlap: 3 wide, 2 apart (2012, §3.4).
func MaxPool(s *op.Scope, x tf.Output, size, stride int64) tf.Output {
	return op.MaxPool(s, x, []int64{1, size, size, 1}, []int64{1, stride, stride, 1}, "VALID")
}

// As is x in the number format t: x itself where it has that one.
func Cast(s *op.Scope, x tf.Output, t tf.DataType) tf.Output {
	if s.Err() != nil || x.DataType() == t {
		return x
	}
	return op.Cast(s, x, t)
}

// Dense is x [N,I] times weights [I,O] plus biases [O]. In the backward pass
// dx = (W dyᵀ)ᵀ stands for the registry's dy Wᵀ, which reads W against the grain:
// 55 instead of 95 ms for 4096x4096 and 128 rows on two cores. So the tape has a
// cut here, and the weights are used after it.
func Dense(s *op.Scope, x, weights, biases tf.Output, tape *Tape) tf.Output {
	y := op.MatMul(s, x, weights)
	tape.cut(x, y, func(s *op.Scope, dy tf.Output) tf.Output {
		turned := op.MatMul(s, weights, dy, op.MatMulTransposeB(true))
		return op.Transpose(s, turned, tfgraph.Const(s, "turn", []int32{1, 0}))
	})
	return op.BiasAdd(s, y, biases)
}
