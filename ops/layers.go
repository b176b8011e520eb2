package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Conv convolves x [N,H,W,C] with weights [h,w,C/groups,K], adds biases [K] and applies ReLU. pad zeros surround the
// input on each side, as in Caffe and PyTorch. With groups > 1, input channels and filters are split evenly, and group
// i of the filters sees only group i of the channels (Krizhevsky et al. 2012, §3.5; Caffe's convolution_param.group).
func Conv(s *op.Scope, x, weights, biases tf.Output, stride, pad int64, groups int) tf.Output {
	x, padding := padInput(s, x, weights, stride, pad)
	return op.Relu(s, op.BiasAdd(s, groupedConv(s, x, weights, stride, padding, groups), biases))
}

// padInput chooses Conv2D's padding: VALID without pad, and SAME where it means the same, which copies nothing. Any
// other pad needs a Pad node: the C++ gradient of Conv2D rejects explicit padding.
func padInput(s *op.Scope, x, weights tf.Output, stride, pad int64) (tf.Output, string) {
	switch {
	case s.Err() != nil || pad == 0:
		return x, "VALID"
	case stride == 1 && weights.Shape().Size(0) == 2*pad+1 && weights.Shape().Size(1) == 2*pad+1:
		return x, "SAME"
	}
	p := int32(pad)
	return op.Pad(s, x, tfgraph.Const(s, "padding", [4][2]int32{1: {p, p}, 2: {p, p}})), "VALID"
}

// groupedConv concatenates one Conv2D per group: the portable form, since the
// default CPU kernels cannot train a grouped Conv2D.
func groupedConv(s *op.Scope, x, weights tf.Output, stride int64, padding string, groups int) tf.Output {
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
	ys := make([]tf.Output, groups)
	for i := range ys {
		ys[i] = op.Conv2D(s.SubScope("group"), xs[i], ws[i], strides, padding)
	}
	return op.ConcatV2(s, ys, axis)
}

// MaxPool takes the maximum over size x size windows, stride apart, without
// padding. AlexNet's windows overlap: 3 wide, 2 apart (2012, §3.4).
func MaxPool(s *op.Scope, x tf.Output, size, stride int64) tf.Output {
	return op.MaxPool(s, x, []int64{1, size, size, 1}, []int64{1, stride, stride, 1}, "VALID")
}

// Dense returns x [N,I] times weights [I,O] plus biases [O]. In the backward pass dx = (W dyᵀ)ᵀ replaces the registry's
// dy Wᵀ, which reads W against its memory order: 55 instead of 95 ms for 4096x4096 and 128 rows on two cores. The tape
// therefore has a cut here, and the weights are used after it.
func Dense(s *op.Scope, x, weights, biases tf.Output, tape *Tape) tf.Output {
	y := op.MatMul(s, x, weights)
	tape.cut(x, y, func(s *op.Scope, dy tf.Output) tf.Output {
		transposed := op.MatMul(s, weights, dy, op.MatMulTransposeB(true))
		return op.Transpose(s, transposed, tfgraph.Const(s, "turn", []int32{1, 0}))
	})
	return op.BiasAdd(s, y, biases)
}

// Cast converts x to the data type t; an x of that type is returned unchanged.
func Cast(s *op.Scope, x tf.Output, t tf.DataType) tf.Output {
	if s.Err() != nil || x.DataType() == t {
		return x
	}
	return op.Cast(s, x, t)
}

// CrossEntropy is the softmax cross-entropy of each row of logits [N,C] with its label [N]int32, in nats: shape [N]. It
// uses one-hot labels because the sparse form has no gradient outside Python. A label outside [0,classes) is therefore
// not an error but a loss of zero: the caller checks the labels.
func CrossEntropy(s *op.Scope, logits, labels tf.Output, classes int) tf.Output {
	oneHot := op.OneHot(s, labels,
		tfgraph.Const(s, "depth", int32(classes)),
		tfgraph.Const(s, "on", float32(1)), tfgraph.Const(s, "off", float32(0)))
	loss, _ := op.SoftmaxCrossEntropyWithLogits(s, logits, oneHot)
	return loss
}

// InTopK reports for each row of logits [N,C] whether its label [N]int32 is
// among the k largest: shape [N]bool, with ties as in TensorFlow's InTopKV2.
func InTopK(s *op.Scope, logits, labels tf.Output, k int) tf.Output {
	return op.InTopKV2(s, logits, labels, tfgraph.Const(s, "k", int32(k)))
}
