package eval

import (
	"context"
	"fmt"
	"iter"
	"math"

	"alexnet/export"
	"alexnet/input"
	"alexnet/tfgraph"
)

// Batches are labelled pictures in TensorFlow's memory.
type Batches = iter.Seq2[input.Batch[*tfgraph.Tensor], error]

// Report is what an evaluation found.
type Report struct {
	Accuracy  float64        `json:"accuracy"`       // share of pictures whose class came first
	Top5      *float64       `json:"top5,omitempty"` // share whose class was among the first five; only beyond five classes
	Loss      float64        `json:"loss"`           // mean cross-entropy in nats
	Count     int            `json:"count"`          // pictures
	Classes   []string       `json:"classes"`
	Confusion [][]int        `json:"confusion"` // [true class][class that came first]
	PerClass  []ClassMetrics `json:"per_class"`
}

// ByClass are the figures of one class. A share of nothing is null in JSON.
type ClassMetrics struct {
	Class     string   `json:"class"`
	Count     int      `json:"count"`     // pictures of the class
	Precision *float64 `json:"precision"` // of those put into the class, the share that belongs there
	Recall    *float64 `json:"recall"`    // of those in the class, the share that was put there
}

// Observer is shown what an evaluation finds out about one picture.
type Observer func(label int, probabilities []float32)

// Evaluate runs every batch through the head and closes it. Which class came
// first is decided by the largest probability, the lower label winning a tie. The
// observers see each picture's label and probabilities, which are theirs until
// they return.
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

// tally adds up what batches show.
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
			return fmt.Errorf("evaluate picture %d: got label %d, want 0 to %d", batch.Start+i, label, len(t.classes)-1)
		}
	}
	labels, err := tfgraph.Of(batch.Labels, int64(len(batch.Labels)))
	if err != nil {
		return err
	}
	defer labels.Close()
	feeds := tfgraph.Feeds{head.Images: batch.Images, head.Labels: labels}
	out, err := head.run(ctx, session, feeds, head.Losses, head.Probabilities)
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
	before := 0
	for _, p := range probabilities {
		if p > probabilities[label] {
			before++
		}
	}
	if before < 5 {
		t.top5++
	}
	for _, see := range t.observers {
		see(label, probabilities)
	}
}

// ArgMax is the lowest index of the largest value; NaN is never the largest.
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
	right := 0
	for i := range n {
		inClass, putThere := 0, 0
		for j := range n {
			inClass += t.confusion[i][j]
			putThere += t.confusion[j][i]
		}
		hit := t.confusion[i][i]
		r.PerClass[i] = ClassMetrics{Class: t.classes[i], Count: inClass, Precision: share(hit, putThere), Recall: share(hit, inClass)}
		r.Count += inClass
		right += hit
	}
	if r.Count > 0 {
		r.Accuracy = float64(right) / float64(r.Count)
		r.Loss = t.loss / float64(r.Count)
	}
	if n > 5 {
		r.Top5 = share(t.top5, r.Count)
	}
	return r
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	s := float64(part) / float64(whole)
	return &s
}

// ForCard is the report, on data, in the form that a model card has.
func (r Report) ForCard(data string) *export.Evaluation {
	e := &export.Evaluation{Data: data, Accuracy: r.Accuracy, Loss: r.Loss, Count: r.Count, Confusion: r.Confusion}
	for _, c := range r.PerClass {
		e.PerClass = append(e.PerClass, export.ClassMetrics(c))
	}
	return e
}
