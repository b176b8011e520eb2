package eval

import (
	"context"
	"runtime"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"golang.org/x/sync/errgroup"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// Fill writes the i-th of some pictures, decoded by the model's contract, into
// the slice [Size·Size·3].
type Fill func(ctx context.Context, i int, into []float32) error

// Probabilities runs the network over n pictures at once. fill is called for
// each, several at a time; one that fails has its error in failed and zeros for
// a picture, and the others go on. Each row holds a probability a class, by
// label, and belongs to the caller. An error of the model or the end of ctx
// leaves no rows.
func (c *Classifier) Probabilities(ctx context.Context, n int, fill Fill) (rows [][]float32, failed []error, err error) {
	side := int64(c.Meta.Preprocessing.Size)
	images, err := tfgraph.Allocate(tf.Float, int64(n), side, side, 3)
	if err != nil {
		return nil, nil, err
	}
	defer images.Close()
	failed = make([]error, n)
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error {
			if failed[i] = fill(ctx, i, images.Row(i)); failed[i] != nil {
				clear(images.Row(i))
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	out, err := c.head.run(ctx, c.session, tfgraph.Feeds{c.head.Images: images}, c.head.Probabilities)
	if err != nil {
		return nil, nil, err
	}
	defer tfgraph.CloseAll(out)
	for i := range n {
		rows = append(rows, slices.Clone(out[0].Row(i)))
	}
	return rows, failed, nil
}

// Decode writes a picture that input.Prepare returned, with its header, into the
// slice [Size·Size·3], by the model's contract; a damaged one is an
// input.ErrDamaged. Safe for concurrent use.
func (c *Classifier) Decode(ctx context.Context, prepared []byte, h input.Header, into []float32) error {
	view := alexnet.ImageInfo{Orientation: h.Orientation, Width: h.Width, Height: h.Height}
	return judged(c.decoder.Decode(ctx, prepared, view, into))
}
