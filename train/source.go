package train

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/featurecache"
	"alexnet/tfgraph"
)

// loader hands over images as tensors.
type loader = input.Loader[*tfgraph.Tensor]

// source is where batches come from, and which of the graph's outputs they stand
// for: the images, or what the frozen layers make of them.
type source struct {
	feed     tf.Output
	examples []input.Example // what can be used
	count    int             // of examples
	// batches are those of the images order[from:], numbered from 0 to count-1
	// and, where they are flipped, from count on. What order holds before tells
	// where in a pass they stand.
	batches func(ctx context.Context, order []int, from int) eval.Batches
}

// head is the network's head as it reads s.
func (s source) head(h eval.Head) eval.Head {
	h.Images = s.feed
	return h
}

// only leaves of s, whose images are all the examples of l, those that no
// problem names.
func (s source) without(l *loader, problems []input.Excluded) source {
	bad := map[string]bool{}
	for _, p := range problems {
		bad[p.Path] = true
	}
	var kept []int
	for i, ex := range l.Examples {
		if bad[ex.Path] {
			continue
		}
		kept = append(kept, i)
		if !ex.Mirrored {
			s.examples = append(s.examples, ex)
		}
	}
	s.count = len(s.examples)
	all := s.batches
	s.batches = func(ctx context.Context, order []int, from int) eval.Batches {
		places := make([]int, len(order))
		for k, i := range order {
			places[k] = kept[i]
		}
		return all(ctx, places, from)
	}
	return s
}

// prepare finds out which images can be used and opens the run's sources.
func (r *run) prepare(ctx context.Context) error {
	loaders := []*loader{r.job.Data.Train}
	if r.cfg.Augment.draws() > 1 {
		loaders[0] = withFlipped(loaders[0])
	}
	if r.job.Data.Val != nil {
		loaders = append(loaders, r.job.Data.Val)
	}
	sources, problems, err := r.sources(ctx, loaders)
	if err != nil {
		return err
	}
	if r.job.Meta.Config, err = r.job.settle(problems); err != nil {
		return err
	}
	for i, s := range []*source{&r.train, &r.val}[:len(loaders)] {
		*s = sources[i].without(loaders[i], slices.Concat(problems, r.job.LeaveOut))
	}
	if r.at.Index > r.train.count {
		return fmt.Errorf("resume run %q: got %d images of the epoch used, want at most the %d there are", r.job.Dir, r.at.Index, r.train.count)
	}
	return nil
}

// withMirrored follows the examples of l by all of them flipped.
func withFlipped(l *loader) *loader {
	both := *l
	both.Examples = slices.Concat(l.Examples, l.Examples)
	for i := range l.Examples {
		both.Examples[len(l.Examples)+i].Mirrored = true
	}
	return &both
}

// settle has the job decide about the problems. One without Settle puts up with
// none.
func (j Job) settle(problems []input.Excluded) (json.RawMessage, error) {
	if j.Settle != nil {
		return j.Settle(problems)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("read images: %d cannot be used, %s first", len(problems), problems[0])
	}
	return j.Meta.Config, nil
}

// order is that of the running epoch's images.
func (r *run) order() []int {
	order := input.Sequential(r.train.count)
	if !r.cfg.NoShuffle {
		order = input.Shuffled(r.train.count, r.cfg.Seed, r.at.Epoch)
	}
	for k, i := range order {
		if r.cfg.Augment == FlipAugment && input.Flip(r.cfg.Seed, r.at.Epoch, i) {
			order[k] += r.train.count
		}
	}
	return order
}

// sources opens a source for each loader, and says which images are bad. What
// frozen layers make of the images is computed once and kept, unless the cache
// is off or cannot be had; then it is computed for each batch anew, where it may
// differ in the last bits: they depend on a image's place among those computed
// at once.
func (r *run) sources(ctx context.Context, loaders []*loader) ([]source, []input.Excluded, error) {
	sources := make([]source, len(loaders))
	if r.job.Network.Boundary.Op == nil {
		for i, l := range loaders {
			sources[i] = source{feed: r.job.Network.Head.Images, batches: func(ctx context.Context, order []int, from int) eval.Batches {
				return l.Batches(ctx, order[from:])
			}}
		}
		problems, err := verify(ctx, loaders)
		return sources, problems, err
	}
	prefixes := make([]*frozenLayers, len(loaders))
	for i, l := range loaders {
		p, err := newFrozenLayers(r.session, r.job.Network, l)
		if err != nil {
			return nil, nil, err
		}
		prefixes[i], sources[i] = p, source{feed: p.boundary, batches: p.compute}
	}
	stores, problems, err := r.fillCache(ctx, prefixes)
	if err == nil && stores == nil {
		problems, err = verify(ctx, loaders)
	}
	for i, store := range stores {
		sources[i].batches = prefixes[i].readStore(store)
	}
	return sources, problems, err
}

// verify decodes every image once.
func verify(ctx context.Context, loaders []*loader) ([]input.Excluded, error) {
	var all []input.Excluded
	for _, l := range loaders {
		once := *l
		once.Examples = slices.DeleteFunc(slices.Clone(l.Examples), func(ex input.Example) bool { return ex.Mirrored })
		problems, err := once.Verify(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, problems...)
	}
	return all, nil
}

// keep computes what the frozen layers make of all images and gives a store of
// it for each prefix, or none where nothing can be kept, which a note explains.
func (r *run) fillCache(ctx context.Context, prefixes []*frozenLayers) (stores []featurecache.Store, problems []input.Excluded, err error) {
	if r.job.Cache.Off {
		return nil, nil, nil
	}
	var all []input.Example
	for _, p := range prefixes {
		all = append(all, p.loader.Examples...)
	}
	if r.store, err = r.openStore(ctx, all, prefixes[0].width()); err != nil || r.store == nil {
		return nil, nil, err
	}
	offset := 0
	for _, p := range prefixes {
		stores = append(stores, featurecache.Section(r.store, offset))
		offset += len(p.loader.Examples)
	}
	plan, err := r.planFilling(all, prefixes, stores)
	for i, p := range prefixes {
		var bad []input.Excluded
		if err == nil {
			bad, err = p.fill(ctx, stores[i], plan[i], r.job.Progress.OnCache)
		}
		problems = append(problems, bad...)
	}
	if noted, err := r.noteCacheError(err); noted || err != nil {
		return nil, nil, err
	}
	r.endFilling()
	return stores, problems, nil
}
