package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// CrossEntropy is the softmax cross-entropy of each row of logits [N,C] with
// its label [N]int32, in nats: shape [N]. It goes through one-hot labels, as
// the sparse form has no gradient outside Python; so a label outside [0,classes)
// is no error here but a loss of zero, and whoever feeds labels checks them.
func CrossEntropy(s *op.Scope, logits, labels tf.Output, classes int) tf.Output {
	oneHot := op.OneHot(s, labels,
		tfgraph.Const(s, "depth", int32(classes)),
		tfgraph.Const(s, "on", float32(1)), tfgraph.Const(s, "off", float32(0)))
	loss, _ := op.SoftmaxCrossEntropyWithLogits(s, logits, oneHot)
	return loss
}

// Mean averages x [N] to a scalar.
func Mean(s *op.Scope, x tf.Output) tf.Output {
	return op.Mean(s, x, tfgraph.Const(s, "axis", []int32{0}))
}

// InTop tells for each row of logits [N,C] whether its label [N]int32 is among
// the k largest: shape [N]bool, ties counted as TensorFlow's InTopKV2 does.
func InTopK(s *op.Scope, logits, labels tf.Output, k int) tf.Output {
	return op.InTopKV2(s, logits, labels, tfgraph.Const(s, "k", int32(k)))
}
