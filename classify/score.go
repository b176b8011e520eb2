package classify

import (
	"context"
	"slices"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/tfgraph"
)

// Loader decodes examples into batches of inputs of the model, within the limits of its options.
func (m *Model) Loader(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	loader := m.Source.Description.Preprocessing.Loader(m.decoder.Decode, examples, batch)
	loader.Limits = m.options.Limits
	return loader
}

// Evaluate measures the model on labeled images, a batch at a time.
func (m *Model) Evaluate(ctx context.Context, examples []input.Example, batch int) (eval.Report, error) {
	return m.evaluate(ctx, m.Loader(examples, batch))
}

func (m *Model) evaluate(ctx context.Context, loader *input.Loader[*tfgraph.Tensor], observers ...eval.Observer) (eval.Report, error) {
	batches := loader.Batches(ctx, input.Sequential(len(loader.Examples)))
	return eval.Evaluate(ctx, m.session, m.head, batches, m.classes(), observers...)
}

// Scores are a report with the probabilities of each image.
type Scores struct {
	eval.Report
	Examples      []input.Example  // those that could be decoded, in the loader's order
	Probabilities [][]float32      // [image][class]
	Excluded      []input.Excluded // the images that could not be decoded; the report does not count them
}

// Score is [Model.Evaluate] that keeps the probabilities of each image and excludes those that cannot be decoded. It
// starts again without them if there are any.
func (m *Model) Score(ctx context.Context, loader *input.Loader[*tfgraph.Tensor]) (s Scores, err error) {
	l := *loader
	l.Failed = func(place int, err error) {
		s.Excluded = append(s.Excluded, input.ExcludedFor(l.Examples[place].Path, err))
	}
	for known := -1; known < len(s.Excluded); {
		known, s.Probabilities = len(s.Excluded), nil
		s.Examples = input.Without(loader.Examples, s.Excluded)
		l.Examples = s.Examples
		s.Report, err = m.evaluate(ctx, &l, func(_ int, probabilities []float32) {
			s.Probabilities = append(s.Probabilities, slices.Clone(probabilities))
		})
		if err != nil {
			return Scores{}, err
		}
	}
	return s, nil
}
