package eval

import (
	"context"
	"maps"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// Head is the part of a graph that follows a network's logits: for evaluation, and as the start of the loss in
// training.
type Head struct {
	Images        tf.Output // float32 [N,…]; fed
	Labels        tf.Output // int32 [N]; fed
	Losses        tf.Output // float32 [N]: cross-entropy of each example in nats
	Probabilities tf.Output // float32 [N,C]: softmax of the logits

	// Weights are fed in every run of a graph whose weights are not in variables.
	Weights tfgraph.Feeds
}

// NewHead adds the head of a network that maps images to logits [N,C].
func NewHead(root *op.Scope, images, logits tf.Output, classes int) Head {
	labels := tfgraph.Placeholder(root, "labels", tf.Int32, tf.MakeShape(-1))
	if root.Err() != nil {
		return Head{}
	}
	return Head{
		Images:        images,
		Labels:        labels,
		Losses:        ops.CrossEntropy(root.SubScope("cross_entropy"), logits, labels, classes),
		Probabilities: op.Softmax(root.SubScope("probabilities"), logits),
	}
}

// Run fetches outputs of the graph. It adds the weights to feeds. The caller closes the tensors.
func (h Head) Run(ctx context.Context, session *tfgraph.Session, feeds tfgraph.Feeds, fetches ...tf.Output) ([]*tfgraph.Tensor, error) {
	maps.Copy(feeds, h.Weights)
	return session.Run(ctx, feeds, fetches)
}
