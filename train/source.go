package train

import (
	"context"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/features"
	"alexnet/input"
	"alexnet/tfgraph"
)

// source is where batches come from, and which of the graph's outputs they stand
// for: the pictures, or what the frozen layers make of them.
type source struct {
	feed  tf.Output
	count int // examples
	// batches are those of the examples order[from:]. What order holds before
	// tells where in a pass they stand.
	batches func(ctx context.Context, order []int, from int) eval.Batches
}

// pictures is the source that feeds pixels.
func (n Network) pictures(loader *input.Loader[*tfgraph.Tensor]) source {
	batches := func(ctx context.Context, order []int, from int) eval.Batches {
		return loader.Batches(ctx, order[from:])
	}
	return source{feed: n.Head.Images, count: len(loader.Examples), batches: batches}
}

// head is the network's head as it reads s.
func (s source) head(h eval.Head) eval.Head {
	h.Images = s.feed
	return h
}

// prepare opens the run's sources: the pictures, or with frozen layers what
// these make of them.
func (r *run) prepare(ctx context.Context) (err error) {
	data := r.job.Data
	if r.job.Network.Boundary.Op == nil {
		r.train = r.job.Network.pictures(data.Train)
		if data.Val != nil {
			r.val = r.job.Network.pictures(data.Val)
		}
		return nil
	}
	loaders := []*input.Loader[*tfgraph.Tensor]{data.Train}
	if data.Val != nil {
		loaders = append(loaders, data.Val)
	}
	sources, err := r.frozen(ctx, loaders)
	if err != nil {
		return err
	}
	if r.train = sources[0]; len(sources) > 1 {
		r.val = sources[1]
	}
	return nil
}

// frozen makes a source for each loader of what the frozen layers give. It is
// computed once and kept, unless the cache is off or cannot be had; then it is
// computed for each batch anew, where it may differ in the last bits: they
// depend on a picture's place among those computed at once.
func (r *run) frozen(ctx context.Context, loaders []*input.Loader[*tfgraph.Tensor]) ([]source, error) {
	var prefixes []*prefix
	var sources []source
	var all []input.Example
	for _, l := range loaders {
		p, err := newPrefix(r.session, r.job.Network, l)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, p)
		sources = append(sources, source{feed: p.boundary, count: len(l.Examples), batches: p.compute})
		all = append(all, l.Examples...)
	}
	if r.job.Cache.Off {
		return sources, nil
	}
	var err error
	if r.store, err = r.openStore(ctx, all, prefixes[0].width()); err != nil || r.store == nil {
		return sources, err
	}
	offset := 0
	kept := make([]source, len(sources))
	for i, p := range prefixes {
		store := features.From(r.store, offset)
		if ok, err := r.keep(ctx, p, store); err != nil || !ok {
			return sources, err
		}
		kept[i] = sources[i]
		kept[i].batches = p.from(store)
		offset += sources[i].count
	}
	return kept, nil
}
