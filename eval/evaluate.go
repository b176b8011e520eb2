// Package eval measures a network on labeled images. Start with [NewHead], which adds probabilities and losses to a
// graph, and [Evaluate], which computes a [Report] over batches.
//
// Every metric counts examples, not batches: a smaller last batch weighs as much as it holds. Dropout is off.
package eval

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Batches are labeled images in TensorFlow's memory.
type Batches = iter.Seq2[input.Batch[*tfgraph.Tensor], error]

// Report is the result of an evaluation.
type Report struct {
	Accuracy  float64        `json:"accuracy"`       // top-1
	Top5      *float64       `json:"top5,omitempty"` // only for more than five classes
	Loss      float64        `json:"loss"`           // mean cross-entropy in nats
	Count     int            `json:"count"`          // examples
	Classes   []string       `json:"classes"`
	Confusion [][]int        `json:"confusion"` // [true class][predicted class]
	PerClass  []ClassMetrics `json:"per_class"`
}

// ClassMetrics are the metrics of one class. A ratio with denominator 0 is null in JSON.
type ClassMetrics struct {
	Class     string   `json:"class"`
	Count     int      `json:"count"`     // examples of the class
	Precision *float64 `json:"precision"` // of the examples predicted as the class, the fraction that belongs to it
	Recall    *float64 `json:"recall"`    // of the examples of the class, the fraction predicted as it
}

// Observer is called with the label and the probabilities of each example that is evaluated. It must not retain the
// slice.
type Observer func(label int, probabilities []float32)

// Evaluate runs every batch through the head and closes it. The predicted class is that of the largest probability;
// of equal ones, that of the lower label.
func Evaluate(ctx context.Context, session *tfgraph.Session, head Head, batches Batches, classes []string, observers ...Observer) (Report, error) {
	t := newTally(classes)
	t.observers = observers
	for batch, err := range batches {
		if err != nil {
			return Report{}, err
		}
		if err := t.run(ctx, session, head, batch); err != nil {
			return Report{}, err
		}
	}
	return t.report(), nil
}

// tally accumulates the results of batches.
type tally struct {
	classes   []string
	confusion [][]int
	loss      float64
	top5      int
	observers []Observer
}

func newTally(classes []string) *tally {
	t := &tally{classes: classes, confusion: make([][]int, len(classes))}
	for i := range t.confusion {
		t.confusion[i] = make([]int, len(classes))
	}
	return t
}

func (t *tally) run(ctx context.Context, session *tfgraph.Session, head Head, batch input.Batch[*tfgraph.Tensor]) error {
	defer batch.Images.Close()
	for i, label := range batch.Labels {
		if label < 0 || int(label) >= len(t.classes) {
			return fmt.Errorf("evaluate image %d: got label %d, want 0 to %d", batch.Start+i, label, len(t.classes)-1)
		}
	}
	labels, err := tfgraph.Of(batch.Labels, int64(len(batch.Labels)))
	if err != nil {
		return err
	}
	defer labels.Close()
	feeds := tfgraph.Feeds{head.Images: batch.Images, head.Labels: labels}
	out, err := head.Run(ctx, session, feeds, head.Losses, head.Probabilities)
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(out)
	losses := tfgraph.Data[float32](out[0])
	for i, label := range batch.Labels {
		t.add(int(label), losses[i], out[1].Row(i))
	}
	return nil
}

func (t *tally) add(label int, loss float32, probabilities []float32) {
	t.loss += float64(loss)
	t.confusion[label][ArgMax(probabilities)]++
	larger := 0
	for _, p := range probabilities {
		if p > probabilities[label] {
			larger++
		}
	}
	if larger < 5 {
		t.top5++
	}
	for _, observe := range t.observers {
		observe(label, probabilities)
	}
}

// ArgMax returns the lowest index of the largest value; NaN is never the largest.
func ArgMax(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] || math.IsNaN(float64(values[best])) {
			best = i
		}
	}
	return best
}

func (t *tally) report() Report {
	n := len(t.classes)
	r := Report{Classes: t.classes, Confusion: t.confusion, PerClass: make([]ClassMetrics, n)}
	correct := 0
	for i := range n {
		inClass, predicted := 0, 0
		for j := range n {
			inClass += t.confusion[i][j]
			predicted += t.confusion[j][i]
		}
		hits := t.confusion[i][i]
		r.PerClass[i] = ClassMetrics{Class: t.classes[i], Count: inClass, Precision: ratio(hits, predicted), Recall: ratio(hits, inClass)}
		r.Count += inClass
		correct += hits
	}
	if r.Count > 0 {
		r.Accuracy = float64(correct) / float64(r.Count)
		r.Loss = t.loss / float64(r.Count)
	}
	if n > 5 {
		r.Top5 = ratio(t.top5, r.Count)
	}
	return r
}

func ratio(n, of int) *float64 {
	if of == 0 {
		return nil
	}
	r := float64(n) / float64(of)
	return &r
}

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
