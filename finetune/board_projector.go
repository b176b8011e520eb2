package finetune

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/disintegration/imaging"
	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/summaries"
	"alexnet/tfgraph"
	"alexnet/train"
)

const (
	mostPoints = 500 // validation pictures in the projector
	thumbnail  = 48  // pixels of their sides there
	atOnce     = 16  // pictures, which is as fast as more and takes little memory
)

// project lays out validation pictures, evenly chosen, by what fc7 makes of them.
// The first pictures' pass, from pixels to probabilities, is timed, since updates
// may leave frozen layers out.
func (b *board) project(ctx context.Context, v train.View) error {
	if b.pictures == nil {
		return nil
	}
	pictures := *b.pictures
	pictures.Batch = min(pictures.Batch, atOnce)
	pictures.Examples = spread(input.Drop(pictures.Examples, b.broken), mostPoints)
	e := summaries.Embedding{Name: "fc7", Columns: []string{"picture", "class", "answer", "right"}}
	for batch, err := range pictures.Batches(ctx, input.InOrder(len(pictures.Examples))) {
		if err != nil {
			return fmt.Errorf("project pictures: %w", err)
		}
		err = b.lay(ctx, v, &e, batch)
		batch.Pictures.Close()
		if err != nil {
			return fmt.Errorf("project pictures: %w", err)
		}
	}
	files, err := e.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := checkpoint.WriteFile(filepath.Join(train.Events(b.dir), f.Name), f.Data); err != nil {
			return err
		}
	}
	return nil
}

// lay adds the points of a batch.
func (b *board) lay(ctx context.Context, v train.View, e *summaries.Embedding, batch input.Batch[*tfgraph.Tensor]) error {
	run := v.Session.Run
	if batch.Start == 0 {
		run = func(ctx context.Context, feeds tfgraph.Feeds, fetches []tf.Output, targets ...*tf.Operation) ([]*tfgraph.Tensor, error) {
			out, metadata, err := v.Session.Trace(ctx, feeds, fetches, targets...)
			if err != nil {
				return nil, err
			}
			return out, v.Events.RunMetadata(v.Step, fmt.Sprintf("step %d, forward", v.Step), metadata)
		}
	}
	out, err := run(ctx, tfgraph.Feeds{b.head.Images: batch.Pictures}, []tf.Output{b.activation("fc7"), b.head.Probabilities})
	defer tfgraph.CloseAll(out)
	if err != nil {
		return err
	}
	for i, ex := range batch.Examples {
		classes := b.data.Classes
		answer := eval.ArgMax(out[1].Row(i))
		e.Vectors = append(e.Vectors, slices.Clone(out[0].Row(i)))
		e.Rows = append(e.Rows, []string{filepath.Base(ex.Path), classes[ex.Label], classes[answer], fmt.Sprint(answer == ex.Label)})
		e.Pictures = append(e.Pictures, small(b.contract.Picture(batch.Pictures.Row(i))))
	}
	return nil
}

func (b *board) activation(layer string) tf.Output {
	for _, a := range b.net.Activations {
		if a.Name == layer {
			return a.Output
		}
	}
	return tf.Output{}
}

func small(picture image.Image) image.Image {
	return imaging.Resize(picture, thumbnail, thumbnail, imaging.Box)
}

// spread picks at most n of all, evenly.
func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	some := make([]T, n)
	for i := range some {
		some[i] = all[i*len(all)/n]
	}
	return some
}
