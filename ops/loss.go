package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// CrossEntropy is the softmax cross-entropy of each row of logits [N,C] with
// its label [N]int32, in nats: shape [N]. It uses one-hot labels because the
// sparse form has no gradient outside Python. A label outside [0,classes) is
// therefore not an error but a loss of zero: the caller checks the labels.
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
