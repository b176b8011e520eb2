package eval

import (
	"context"
	"fmt"
	"slices"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Scores are what a model makes of labelled pictures, one by one.
type Scores struct {
	Report
	Examples      []input.Example // those that could be read, in the loader's order
	Probabilities [][]float32     // [picture][class]
	Problems      []input.Problem // the pictures that could not be read; nothing else counts them
}

// Score goes through the loader's pictures once. Unlike Evaluate it goes on past
// those that cannot be read.
func (c *Classifier) Score(ctx context.Context, loader *input.Loader[*tfgraph.Tensor]) (Scores, error) {
	var s Scores
	failed := map[int]bool{}
	l := *loader
	l.Failed = func(place int, err error) {
		failed[place] = true
		s.Problems = append(s.Problems, input.ProblemOf(l.Examples[place].Path, err))
	}
	t := newTally(c.Meta.Contract.Classes)
	err := measure(ctx, c.session, c.head, l.Batches(ctx, input.InOrder(len(l.Examples))), len(t.classes), func(m measured) {
		if failed[m.place] {
			return
		}
		t.add(m.label, m.loss, m.probabilities)
		s.Examples = append(s.Examples, l.Examples[m.place])
		s.Probabilities = append(s.Probabilities, slices.Clone(m.probabilities))
	})
	s.Report = t.report()
	return s, err
}

// measured is one picture run through the head.
type measured struct {
	place         int // in the order of pictures
	label         int
	loss          float32
	probabilities []float32 // valid until the function returns that is shown them
}

// measure runs every batch through the head, shows its pictures and closes it.
func measure(ctx context.Context, session *tfgraph.Session, head Head, batches Batches, classes int, show func(measured)) error {
	for batch, err := range batches {
		if err != nil {
			return err
		}
		if err := measureBatch(ctx, session, head, batch, classes, show); err != nil {
			return err
		}
	}
	return nil
}

func measureBatch(ctx context.Context, session *tfgraph.Session, head Head, batch input.Batch[*tfgraph.Tensor], classes int, show func(measured)) error {
	defer batch.Pictures.Close()
	for i, label := range batch.Labels {
		if label < 0 || int(label) >= classes {
			return fmt.Errorf("evaluate picture %d: got label %d, want 0 to %d", batch.Start+i, label, classes-1)
		}
	}
	labels, err := tfgraph.Of(batch.Labels, int64(len(batch.Labels)))
	if err != nil {
		return err
	}
	defer labels.Close()
	feeds := tfgraph.Feeds{head.Images: batch.Pictures, head.Labels: labels}
	out, err := head.run(ctx, session, feeds, head.Losses, head.Probabilities)
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(out)
	losses := tfgraph.Data[float32](out[0])
	for i, label := range batch.Labels {
		show(measured{batch.Start + i, int(label), losses[i], out[1].Row(i)})
	}
	return nil
}
