package finetune

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/disintegration/imaging"
	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/atomicfile"
	"alexnet/internal/rundir"
	"alexnet/summaries"
	"alexnet/tfgraph"
	"alexnet/train"
)

const (
	maxPoints = 500 // validation images in the projector
	thumbnail = 48  // side of their thumbnails in pixels
	maxTraced = 16  // images in the traced forward pass
)

// writeProjector writes the fc7 features of evenly chosen validation images for TensorBoard's projector, and
// traces a forward pass on the first of them.
func (b *dashboards) writeProjector(ctx context.Context, v train.View) error {
	if v.Count == 0 {
		return nil
	}
	e, examples, err := b.embed(ctx, v, evenlySpaced(v.Count, maxPoints))
	if err != nil {
		return fmt.Errorf("write projector data: %w", err)
	}
	if err := b.traceForward(ctx, v, examples[:min(maxTraced, len(examples))]); err != nil {
		return fmt.Errorf("trace forward pass: %w", err)
	}
	if e.Images, err = b.thumbnails(ctx, examples); err != nil {
		return fmt.Errorf("write projector data: %w", err)
	}
	files, err := e.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := atomicfile.Replace(filepath.Join(rundir.Dir(b.dir).Events(), f.Name), f.Data); err != nil {
			return err
		}
	}
	return nil
}

// embed computes the features of the picked validation images, without thumbnails.
func (b *dashboards) embed(ctx context.Context, v train.View, picks []input.Pick) (e summaries.Embedding, examples []input.Example, err error) {
	e = summaries.Embedding{Name: b.Network.Architecture().Embedding(), Columns: []string{"image", "class", "predicted", "correct"}}
	embedding := b.net.Activation(e.Name)
	for batch, err := range v.Batches(ctx, picks) {
		if err != nil {
			return e, nil, err
		}
		out, err := v.Session.Run(ctx, tfgraph.Feeds{v.Feed: batch.Images}, []tf.Output{embedding, b.head.Probabilities})
		batch.Images.Close()
		if err != nil {
			return e, nil, err
		}
		for i, ex := range batch.Examples {
			predicted := eval.ArgMax(out[1].Row(i))
			e.Vectors = append(e.Vectors, slices.Clone(out[0].Row(i)))
			e.Rows = append(e.Rows, []string{filepath.Base(ex.Path), b.data.Classes[ex.Label], b.data.Classes[predicted], fmt.Sprint(predicted == ex.Label)})
		}
		tfgraph.CloseAll(out)
		examples = append(examples, batch.Examples...)
	}
	return e, examples, nil
}

// thumbnails are small copies of the network's input.
func (b *dashboards) thumbnails(ctx context.Context, examples []input.Example) ([]image.Image, error) {
	var small []image.Image
	err := b.eachBatch(ctx, examples, func(batch input.Batch[*tfgraph.Tensor]) error {
		for i := range batch.Labels {
			img := b.preprocessing.Denormalize(batch.Images.Row(i))
			small = append(small, imaging.Resize(img, thumbnail, thumbnail, imaging.Box))
		}
		return nil
	})
	return small, err
}

// traceForward records the time of each operation from pixels to probabilities: training steps may start at
// the features.
func (b *dashboards) traceForward(ctx context.Context, v train.View, examples []input.Example) error {
	return b.eachBatch(ctx, examples, func(batch input.Batch[*tfgraph.Tensor]) error {
		feeds, fetches := tfgraph.Feeds{b.head.Images: batch.Images}, []tf.Output{b.head.Probabilities}
		out, err := v.Session.Run(ctx, feeds, fetches) // warm-up
		if err != nil {
			return err
		}
		tfgraph.CloseAll(out)
		out, metadata, err := v.Session.Trace(ctx, feeds, fetches)
		if err != nil {
			return err
		}
		tfgraph.CloseAll(out)
		return v.Events.RunMetadata(v.Step, fmt.Sprintf("step %d, forward", v.Step), metadata)
	})
}

// eachBatch decodes the examples and calls use with each batch.
func (b *dashboards) eachBatch(ctx context.Context, examples []input.Example, use func(input.Batch[*tfgraph.Tensor]) error) error {
	l := *b.images
	l.Examples, l.Batch = examples, maxTraced
	for batch, err := range l.Batches(ctx, input.Sequential(len(examples))) {
		if err != nil {
			return err
		}
		err = use(batch)
		batch.Images.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// evenlySpaced picks at most n of count examples.
func evenlySpaced(count, n int) []input.Pick {
	picks := make([]input.Pick, min(count, n))
	for i := range picks {
		picks[i].Example = i * count / len(picks)
	}
	return picks
}
