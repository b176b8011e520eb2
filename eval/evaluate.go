package eval

import (
	"context"
	"iter"
	"math"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Batches are labelled pictures in TensorFlow's memory.
type Batches = iter.Seq2[input.Batch[*tfgraph.Tensor], error]

// Report is what an evaluation found.
type Report struct {
	Accuracy  float64   `json:"accuracy"`       // share of pictures whose class came first
	Top5      *float64  `json:"top5,omitempty"` // share whose class was among the first five; only beyond five classes
	Loss      float64   `json:"loss"`           // mean cross-entropy in nats
	Count     int       `json:"count"`          // pictures
	Classes   []string  `json:"classes"`
	Confusion [][]int   `json:"confusion"` // [true class][class that came first]
	PerClass  []ByClass `json:"per_class"`
}

// ByClass are the figures of one class. A share of nothing is null in JSON.
type ByClass struct {
	Class     string   `json:"class"`
	Count     int      `json:"count"`     // pictures of the class
	Precision *float64 `json:"precision"` // of those put into the class, the share that belongs there
	Recall    *float64 `json:"recall"`    // of those in the class, the share that was put there
}

// Evaluate runs every batch through the head and closes it. Which class came
// first is decided by the largest probability, the lower label winning a tie.
func Evaluate(ctx context.Context, session *tfgraph.Session, head Head, batches Batches, classes []string) (Report, error) {
	t := newTally(classes)
	err := measure(ctx, session, head, batches, len(classes), func(m measured) { t.add(m.label, m.loss, m.probabilities) })
	if err != nil {
		return Report{}, err
	}
	return t.report(), nil
}

// tally adds up what batches show.
type tally struct {
	classes   []string
	confusion [][]int
	loss      float64
	top5      int
}

func newTally(classes []string) *tally {
	t := &tally{classes: classes, confusion: make([][]int, len(classes))}
	for i := range t.confusion {
		t.confusion[i] = make([]int, len(classes))
	}
	return t
}

func (t *tally) add(label int, loss float32, probabilities []float32) {
	t.loss += float64(loss)
	t.confusion[label][argmax(probabilities)]++
	before := 0
	for _, p := range probabilities {
		if p > probabilities[label] {
			before++
		}
	}
	if before < 5 {
		t.top5++
	}
}

// argmax is the lowest index of the largest value; NaN is never the largest.
func argmax(values []float32) int {
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
	r := Report{Classes: t.classes, Confusion: t.confusion, PerClass: make([]ByClass, n)}
	right := 0
	for i := range n {
		inClass, putThere := 0, 0
		for j := range n {
			inClass += t.confusion[i][j]
			putThere += t.confusion[j][i]
		}
		hit := t.confusion[i][i]
		r.PerClass[i] = ByClass{Class: t.classes[i], Count: inClass, Precision: share(hit, putThere), Recall: share(hit, inClass)}
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
