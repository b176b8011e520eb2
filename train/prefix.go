package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/featurecache"
	"alexnet/tfgraph"
)

// micro is how many images the frozen layers take at once: larger batches are
// no faster in the convolutions and need more memory.
const featureBatch = 32

// prefix is the frozen layers: from images to what the first trained layer
// reads. The kernels' last bits depend on how many images are computed at once
// and at which place among them one is, so that a place is kept wherever a pass
// resumes or is mended.
type frozenLayers struct {
	session          *tfgraph.Session
	images, boundary tf.Output
	row              []int64 // shape of one image's features
	loader           *loader
}

func newFrozenLayers(session *tfgraph.Session, n Network, l *loader) (*frozenLayers, error) {
	shape, err := n.Boundary.Shape().ToSlice()
	if err != nil || len(shape) < 2 {
		return nil, fmt.Errorf("freeze layers: got features of shape %v, want a known one", n.Boundary.Shape())
	}
	return &frozenLayers{session: session, images: n.Head.Images, boundary: n.Boundary, row: shape[1:], loader: l}, nil
}

func (p *frozenLayers) width() int {
	n := 1
	for _, d := range p.row {
		n *= int(d)
	}
	return n
}

// tensor makes room for the features of so many images.
func (p *frozenLayers) tensor(rows int) (*tfgraph.Tensor, error) {
	return tfgraph.Allocate(tf.Float, append([]int64{int64(rows)}, p.row...)...)
}

// each runs the frozen layers over the examples of order and hands over the
// features one by one: k counts along order. failed is told of bad images,
// whose features mean nothing; without it the first ends the pass.
func (p *frozenLayers) run(ctx context.Context, order []int, failed func(k int, err error), use func(k int, batch input.Batch[*tfgraph.Tensor], i int, row []float32) error) error {
	images := *p.loader
	images.Batch, images.Failed = featureBatch, failed
	for batch, err := range images.Batches(ctx, order) {
		if err != nil {
			return err
		}
		out, err := p.session.Run(context.WithoutCancel(ctx), tfgraph.Feeds{p.images: batch.Images}, []tf.Output{p.boundary})
		batch.Images.Close()
		if err != nil {
			return fmt.Errorf("compute frozen layers: %w", err)
		}
		for i := range batch.Labels {
			if err = use(batch.Start+i, batch, i, out[0].Row(i)); err != nil {
				break
			}
		}
		tfgraph.CloseAll(out)
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// fill computes what the store lacks of a plan's rows, in the plan's groups, and
// lists the images that have none because they are bad.
func (p *frozenLayers) fill(ctx context.Context, store featurecache.Store, plan []int, notify func(CacheProgress)) (problems []input.Excluded, err error) {
	missing := rest(plan, store)
	if len(missing) == 0 {
		return nil, nil
	}
	tell := func(done int) {
		if notify != nil {
			notify(CacheProgress{Done: done, Of: len(missing)})
		}
	}
	tell(0)
	bad := map[int]bool{}
	failed := func(k int, err error) {
		bad[k] = true
		if ex := p.loader.Examples[missing[k]]; !ex.Mirrored {
			problems = append(problems, input.ExcludedFor(ex.Path, err))
		}
	}
	first := *p
	first.loader = p.loader.Sandboxed()
	err = first.run(ctx, missing, failed, func(k int, _ input.Batch[*tfgraph.Tensor], _ int, row []float32) error {
		if !bad[k] && !store.Has(missing[k]) { // unless a copy of the image came before
			if err := store.Write(missing[k], row); err != nil {
				return &cacheWriteError{err}
			}
		}
		tell(k + 1)
		return nil
	})
	return problems, err
}

// from gives batches of what the store holds.
func (p *frozenLayers) readStore(store featurecache.Store) func(context.Context, []int, int) eval.Batches {
	return func(ctx context.Context, order []int, from int) eval.Batches {
		order = order[from:]
		return func(yield func(input.Batch[*tfgraph.Tensor], error) bool) {
			for start := 0; start < len(order); start += p.loader.Batch {
				batch, err := p.gather(ctx, store, order[start:min(start+p.loader.Batch, len(order))])
				batch.Start = start
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					batch.Images.Close()
					yield(input.Batch[*tfgraph.Tensor]{}, err)
					return
				}
				if !yield(batch, nil) {
					return
				}
			}
		}
	}
}

func (p *frozenLayers) gather(ctx context.Context, store featurecache.Store, order []int) (batch input.Batch[*tfgraph.Tensor], err error) {
	if batch.Images, err = p.tensor(len(order)); err != nil {
		return batch, err
	}
	for k, i := range order {
		ex := p.loader.Examples[i]
		batch.Labels, batch.Examples = append(batch.Labels, int32(ex.Label)), append(batch.Examples, ex)
		err := store.Read(i, batch.Images.Row(k))
		if errors.Is(err, featurecache.ErrMissing) {
			err = p.recomputeRow(ctx, store, i, batch.Images.Row(k))
		}
		if err != nil {
			return batch, err
		}
	}
	return batch, nil
}

// again computes one row that the store has lost, at the place that it had when
// all were computed; what is at the others does not matter. Where the row cannot
// be kept, the next reader computes it once more.
func (p *frozenLayers) recomputeRow(ctx context.Context, store featurecache.Store, i int, into []float32) error {
	start := i - i%featureBatch
	places := slices.Repeat([]int{i}, min(featureBatch, len(p.loader.Examples)-start))
	return p.run(ctx, places, nil, func(k int, _ input.Batch[*tfgraph.Tensor], _ int, row []float32) error {
		if start+k == i {
			copy(into, row)
			_ = store.Write(i, row)
		}
		return nil
	})
}

// errStopped ends a pass whose consumer wants no more.
var errStopped = errors.New("stopped")

// compute gives batches of features that are computed as they are asked for. A
// pass that resumes begins with the small batch that it was interrupted in.
func (p *frozenLayers) compute(ctx context.Context, order []int, from int) eval.Batches {
	count, known := len(order)-from, from%featureBatch
	if count > 0 {
		from -= known
	}
	order = order[from:]
	return func(yield func(input.Batch[*tfgraph.Tensor], error) bool) {
		var batch input.Batch[*tfgraph.Tensor]
		defer func() { batch.Images.Close() }()
		err := p.run(ctx, order, nil, func(k int, from input.Batch[*tfgraph.Tensor], i int, row []float32) error {
			if k -= known; k < 0 {
				return nil
			}
			at := k % p.loader.Batch
			if at == 0 {
				var err error
				batch = input.Batch[*tfgraph.Tensor]{Start: k}
				if batch.Images, err = p.tensor(min(p.loader.Batch, count-k)); err != nil {
					return err
				}
			}
			copy(batch.Images.Row(at), row)
			batch.Labels, batch.Examples = append(batch.Labels, from.Labels[i]), append(batch.Examples, from.Examples[i])
			if at+1 < p.loader.Batch && k+1 < count {
				return nil
			}
			done := batch
			batch = input.Batch[*tfgraph.Tensor]{}
			if !yield(done, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && err != errStopped {
			yield(input.Batch[*tfgraph.Tensor]{}, err)
		}
	}
}
