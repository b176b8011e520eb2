package finetune

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/disintegration/imaging"
	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/summaries"
	"alexnet/tfgraph"
	"alexnet/train"
)

const (
	maxPoints = 500 // validation pictures in the projector
	thumbnail = 48  // pixels of their sides there
	maxTraced = 16  // pictures of the pass that is timed
)

// project lays out validation pictures, evenly chosen, by what fc7 makes of them,
// and times the network on the first of them.
func (b *dashboards) writeProjector(ctx context.Context, v train.View) error {
	if v.Count == 0 {
		return nil
	}
	e, examples, err := b.embed(ctx, v, evenlySpaced(v.Count, maxPoints))
	if err != nil {
		return fmt.Errorf("lay out pictures: %w", err)
	}
	if err := b.traceForward(ctx, v, examples[:min(maxTraced, len(examples))]); err != nil {
		return fmt.Errorf("time the network: %w", err)
	}
	if e.Pictures, err = b.thumbnails(ctx, examples); err != nil {
		return fmt.Errorf("lay out pictures: %w", err)
	}
	files, err := e.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := replace(filepath.Join(train.Events(b.dir), f.Name), f.Data); err != nil {
			return err
		}
	}
	return nil
}

// points are the pictures at the places, without their thumbnails.
func (b *dashboards) embed(ctx context.Context, v train.View, places []int) (e summaries.Embedding, examples []input.Example, err error) {
	e = summaries.Embedding{Name: "fc7", Columns: []string{"picture", "class", "answer", "right"}}
	fc7 := b.net.Activations[slices.IndexFunc(b.net.Activations, func(a alexnet.Activation) bool { return a.Name == e.Name })].Output
	for batch, err := range v.Batches(ctx, places) {
		if err != nil {
			return e, nil, err
		}
		out, err := v.Session.Run(ctx, tfgraph.Feeds{v.Feed: batch.Images}, []tf.Output{fc7, b.head.Probabilities})
		batch.Images.Close()
		if err != nil {
			return e, nil, err
		}
		for i, ex := range batch.Examples {
			answer := eval.ArgMax(out[1].Row(i))
			e.Vectors = append(e.Vectors, slices.Clone(out[0].Row(i)))
			e.Rows = append(e.Rows, []string{filepath.Base(ex.Path), b.data.Classes[ex.Label], b.data.Classes[answer], fmt.Sprint(answer == ex.Label)})
		}
		tfgraph.CloseAll(out)
		examples = append(examples, batch.Examples...)
	}
	return e, examples, nil
}

// thumbnails are the examples as the network sees them, but small.
func (b *dashboards) thumbnails(ctx context.Context, examples []input.Example) ([]image.Image, error) {
	var small []image.Image
	err := b.eachBatch(ctx, examples, func(batch input.Batch[*tfgraph.Tensor]) error {
		for i := range batch.Labels {
			picture := b.preprocessing.Denormalize(batch.Images.Row(i))
			small = append(small, imaging.Resize(picture, thumbnail, thumbnail, imaging.Box))
		}
		return nil
	})
	return small, err
}

// time takes how long each operation needs from pixels to probabilities: updates
// may begin behind frozen layers.
func (b *dashboards) traceForward(ctx context.Context, v train.View, examples []input.Example) error {
	return b.eachBatch(ctx, examples, func(batch input.Batch[*tfgraph.Tensor]) error {
		feeds, fetches := tfgraph.Feeds{b.head.Images: batch.Images}, []tf.Output{b.head.Probabilities}
		out, err := v.Session.Run(ctx, feeds, fetches) // in which kernels are prepared
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

// decoded hands over the examples in batches.
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

// spread picks at most n of the numbers below count, evenly.
func evenlySpaced(count, n int) []int {
	places := make([]int, min(count, n))
	for i := range places {
		places[i] = i * count / len(places)
	}
	return places
}
