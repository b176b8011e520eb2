package eval

import (
	"context"
	"slices"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Scores are what a model makes of labelled pictures, one by one.
type Scores struct {
	Report
	Examples      []input.Example  // those that could be read, in the loader's order
	Probabilities [][]float32      // [picture][class]
	Excluded      []input.Excluded // the pictures that could not be read; nothing else counts them
}

// Score is [Classifier.Evaluate] of the loader's pictures that keeps what it
// found out about each, and goes on past those that cannot be read. Where there
// are such, it begins again without them.
func (c *Classifier) Score(ctx context.Context, loader *input.Loader[*tfgraph.Tensor]) (s Scores, err error) {
	l := *loader
	l.Failed = func(place int, err error) {
		s.Excluded = append(s.Excluded, input.ExcludedFor(l.Examples[place].Path, err))
	}
	for known := -1; known < len(s.Excluded); {
		known, s.Probabilities = len(s.Excluded), nil
		s.Examples = input.Without(loader.Examples, s.Excluded)
		l.Examples = s.Examples
		batches := l.Batches(ctx, input.Sequential(len(l.Examples)))
		s.Report, err = Evaluate(ctx, c.session, c.head, batches, c.Meta.Preprocessing.Classes, func(_ int, probabilities []float32) {
			s.Probabilities = append(s.Probabilities, slices.Clone(probabilities))
		})
		if err != nil {
			return Scores{}, err
		}
	}
	return s, nil
}
