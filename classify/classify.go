package classify

import (
	"context"
	"errors"
	"iter"

	"alexnet/eval"
	"alexnet/input"
)

// Result is what a model says of a picture.
type Result struct {
	Class         string    `json:"class"`       // the most probable
	Probability   float64   `json:"probability"` // of Class
	Top           []Ranked  `json:"top"`         // all classes, the most probable first
	Probabilities []float32 `json:"-"`           // by label, in the order of Model.Classes
}

// Ranked is a class with its probability.
type Ranked = eval.Ranked

func (m *Model) result(probabilities []float32) Result {
	ranked := eval.Rank(m.model.Meta.Preprocessing.Classes, probabilities)
	return Result{Class: ranked[0].Class, Probability: ranked[0].Probability, Top: ranked, Probabilities: probabilities}
}

// Classify says what is on one picture. It is computed alone, so the result does
// not depend on what else goes on, to the last bit.
func (m *Model) Classify(ctx context.Context, p Image) (Result, error) {
	p, err := m.Prepare(ctx, p)
	if err != nil {
		return Result{}, err
	}
	results, _, err := m.classify(ctx, []Image{p})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// ClassifyAll classifies pictures in batches and yields a result or an error for
// each, in order. An [*input.Error] is of its picture alone and the next ones
// follow; any other error, of the model or the end of ctx, is the last. At most
// Options.Batch pictures are taken in advance. In a batch, a picture's last bits
// depend on its place in it.
func (m *Model) ClassifyAll(ctx context.Context, pictures iter.Seq[Image]) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		batch := make([]Image, 0, m.options.Batch)
		for p := range pictures {
			if batch = append(batch, p); len(batch) == cap(batch) {
				if !m.yieldAll(ctx, batch, yield) {
					return
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			m.yieldAll(ctx, batch, yield)
		}
	}
}

// yieldAll classifies one batch and reports whether to go on.
func (m *Model) yieldAll(ctx context.Context, batch []Image, yield func(Result, error) bool) bool {
	results, failed, err := m.classify(ctx, batch)
	if err != nil {
		yield(Result{}, err)
		return false
	}
	for i := range batch {
		if !yield(results[i], failed[i]) {
			return false
		}
	}
	return true
}

// classify gives for each picture a result, or why it was refused.
func (m *Model) classify(ctx context.Context, pictures []Image) ([]Result, []error, error) {
	if err := m.usable(); err != nil {
		return nil, nil, err
	}
	rows, failed, err := m.model.Probabilities(ctx, len(pictures), func(ctx context.Context, i int, into []float32) error {
		return pictures[i].decode(ctx, m, into)
	})
	if err != nil {
		return nil, nil, err
	}
	results := make([]Result, len(pictures))
	for i := range pictures {
		var refused *input.Error
		switch {
		case failed[i] == nil:
			results[i] = m.result(rows[i])
		case !errors.As(failed[i], &refused):
			return nil, nil, failed[i]
		}
	}
	return results, failed, nil
}

// Prepare reads and decodes a picture in advance: what is left for Classify and
// ClassifyAll of this model is the network. The picture it returns holds
// Size x Size x 3 float32 values and may be classified again and again.
func (m *Model) Prepare(ctx context.Context, p Image) (Image, error) {
	if err := m.usable(); err != nil {
		return Image{}, err
	}
	if p.model == m {
		return p, nil
	}
	side := m.model.Meta.Preprocessing.Size
	decoded := make([]float32, side*side*3)
	if err := p.decode(ctx, m, decoded); err != nil {
		return Image{}, err
	}
	return Image{name: p.name, decoded: decoded, model: m}, nil
}
