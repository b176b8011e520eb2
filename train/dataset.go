package train

import (
	"context"
	"fmt"
	"io"
	"iter"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/featurecache"
	"alexnet/tfgraph"
)

type (
	imageLoader = input.Loader[*tfgraph.Tensor]
	tensorBatch = input.Batch[*tfgraph.Tensor]
)

// split is the training or the validation part of the dataset, as the graph reads it: images, or the features that the
// frozen layers compute from them. The zero value is empty.
type split struct {
	loader *imageLoader
	draws  int       // different draws that an example may have
	usable []int     // indexes of the loader's examples that are not excluded
	feed   tf.Output // the tensor of the graph that batches are fed to

	// read yields batches of order[from:], by the loader's examples. What order
	// holds before from says at which place of a pass they stand.
	read func(ctx context.Context, order []input.Pick, from int) eval.Batches
}

func (s split) count() int                  { return len(s.usable) }
func (s split) example(i int) input.Example { return s.loader.Examples[s.usable[i]] }

// without leaves only the examples whose path no problem names.
func (s split) without(problems []input.Excluded) split {
	bad := map[string]bool{}
	for _, p := range problems {
		bad[p.Path] = true
	}
	s.usable = nil
	for i, ex := range s.loader.Examples {
		if !bad[ex.Path] {
			s.usable = append(s.usable, i)
		}
	}
	return s
}

// batches yields batches of order[from:], by the usable examples.
func (s split) batches(ctx context.Context, order []input.Pick, from int) eval.Batches {
	picks := make([]input.Pick, len(order))
	for k, p := range order {
		picks[k] = input.Pick{Example: s.usable[p.Example], Draw: p.Draw}
	}
	return s.read(ctx, picks, from)
}

// head is the network's head as it reads s.
func (s split) head(h eval.Head) eval.Head {
	h.Images = s.feed
	return h
}

// epochOrder is the order of an epoch's images, a function of seed and epoch.
func (c Config) epochOrder(count, epoch int) []input.Pick {
	order := input.Sequential(count)
	if !c.NoShuffle {
		order = input.Shuffled(count, c.Seed, epoch)
	}
	if c.Augment == FlipAugment {
		for k := range order {
			order[k].Draw = input.FlipDraw(c.Seed, epoch, order[k].Example)
		}
	}
	return order
}

// microBatch is a part of a batch that is computed at once, or all of it.
type microBatch struct {
	tensorBatch
	offset    int // of its first image in the batch
	batchSize int
}

func (m microBatch) isBatch() bool { return len(m.Labels) == m.batchSize }
func (m microBatch) isLast() bool  { return m.offset+len(m.Labels) == m.batchSize }

// batch is the images of one step, which come micro-batch by micro-batch.
type batch struct {
	feed  tf.Output
	picks []input.Pick
	last  bool // of the epoch
	next  func() (tensorBatch, error, bool)
}

// microBatches yields the micro-batches, each the consumer's to close.
func (b batch) microBatches() iter.Seq2[microBatch, error] {
	return func(yield func(microBatch, error) bool) {
		for offset := 0; offset < len(b.picks); {
			images, err, ok := b.next()
			if !ok {
				err = io.ErrUnexpectedEOF
			}
			m := microBatch{images, offset, len(b.picks)}
			offset += len(images.Labels)
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// batches yields the rest of an epoch's batches. A micro-batch never spans two of
// them: where the sizes would have it so, each batch is read on its own.
func (t *Trainer) batches(ctx context.Context, order []input.Pick, from int) iter.Seq[batch] {
	return func(yield func(batch) bool) {
		var next func() (tensorBatch, error, bool)
		stop := func() {}
		defer func() { stop() }()
		for start, end := from, 0; start < len(order); start = end {
			end = min(start+t.cfg.Batch, len(order))
			switch {
			case t.cfg.Batch%t.exec.microBatch != 0:
				stop()
				next, stop = iter.Pull2(t.train.batches(ctx, order[:end], start))
			case start == from:
				next, stop = iter.Pull2(t.train.batches(ctx, order, start))
			}
			if !yield(batch{feed: t.train.feed, picks: order[start:end], last: end == len(order), next: next}) {
				return
			}
		}
	}
}

// openSplits opens the training and validation split and finds the images that cannot be decoded. Features of frozen
// layers are computed once and cached, unless the cache is off or unavailable; then they are computed for every batch,
// where their last bits may differ: see [featureGroup].
func (t *Trainer) openSplits(ctx context.Context) (problems []input.Excluded, err error) {
	loader := *t.job.Data.Train
	loader.Batch = t.exec.microBatch
	t.train = split{loader: &loader, draws: t.cfg.Augment.draws()}
	splits := []*split{&t.train}
	if t.job.Data.Val != nil {
		t.val = split{loader: t.job.Data.Val, draws: 1}
		splits = append(splits, &t.val)
	}
	cached := false
	if t.job.Network.Boundary.Op == nil {
		for _, s := range splits {
			s.feed = t.job.Network.Head.Images
			s.read = func(ctx context.Context, order []input.Pick, from int) eval.Batches {
				return s.loader.Batches(ctx, order[from:])
			}
		}
	} else if cached, problems, err = t.openFeatures(ctx, splits); err != nil {
		return nil, err
	}
	if !cached {
		problems, err = verify(ctx, splits)
	}
	return problems, err
}

// openFeatures has splits read features, from the cache if there can be one.
func (t *Trainer) openFeatures(ctx context.Context, splits []*split) (cached bool, problems []input.Excluded, err error) {
	layers := make([]*frozenLayers, len(splits))
	for i, s := range splits {
		if layers[i], err = newFrozenLayers(t.exec.session, t.job.Network, s); err != nil {
			return false, nil, err
		}
		s.feed, s.read = layers[i].features, layers[i].compute
	}
	if t.job.Cache.Off {
		return false, nil, nil
	}
	if t.store, err = t.openStore(ctx, layers); err != nil || t.store == nil {
		return false, nil, err
	}
	var stores []featurecache.Store
	offset := 0
	for _, f := range layers {
		store := featurecache.Section(t.store, offset)
		bad, err := f.fill(ctx, store, t.job.Observer.Cache)
		if noted, err := t.noteCacheError(err); noted || err != nil {
			return false, nil, err
		}
		problems, stores, offset = append(problems, bad...), append(stores, store), offset+f.rowCount()
	}
	for i, f := range layers {
		splits[i].read = f.readFrom(stores[i])
	}
	return true, problems, nil
}

// verify decodes every image once.
func verify(ctx context.Context, splits []*split) (all []input.Excluded, err error) {
	for _, s := range splits {
		problems, err := s.loader.Verify(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, problems...)
	}
	return all, nil
}

// exclude removes the images that cannot be used, and checks that the position lies within the rest.
func (t *Trainer) exclude(problems []input.Excluded) error {
	t.train = t.train.without(problems)
	if t.job.Data.Val != nil {
		t.val = t.val.without(problems)
	}
	if t.at.Index > t.train.count() {
		return fmt.Errorf("resume run %q: got %d images of the epoch used, want at most the %d there are", t.job.Dir, t.at.Index, t.train.count())
	}
	return nil
}
