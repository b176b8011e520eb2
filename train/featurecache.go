package train

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/featurecache"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// featureGroup is how many images the frozen layers compute at once: larger batches are no faster in the convolutions
// and need more memory. The kernels' last bits depend on an image's place among those computed at once, so the cache's
// rows are computed in whole aligned groups, [32g, 32g+32) of a split's, whichever of them are missing: the bits do not
// depend on interruptions.
const featureGroup = 32

// Cache says how the features of frozen layers are cached. The zero value keeps
// them in memory, or beyond Budget in a file in the run directory.
type Cache struct {
	Off    bool   // compute them for every batch
	Dir    string // a folder for them, which runs may share
	Budget int64  // bytes of memory for them; 1 GiB
	Half   bool   // as float16: half the size, values rounded to 11 bits
	// Contents has the hashes of the images. Nil: images are read for them.
	Contents *content.Index
}

const defaultBudget = 1 << 30

// frozenLayers compute a split's features: what the first trained layer reads. A
// row is one image's; rows are numbered by draw and then by example.
type frozenLayers struct {
	*split
	session          *tfgraph.Session
	images, features tf.Output
	shape            []int64 // of a row
}

func newFrozenLayers(session *tfgraph.Session, n Network, s *split) (*frozenLayers, error) {
	shape, err := n.Boundary.Shape().ToSlice()
	if err != nil || len(shape) < 2 {
		return nil, fmt.Errorf("freeze layers: got features of shape %v, want a known one", n.Boundary.Shape())
	}
	return &frozenLayers{split: s, session: session, images: n.Head.Images, features: n.Boundary, shape: shape[1:]}, nil
}

func (f *frozenLayers) width() int {
	n := 1
	for _, d := range f.shape {
		n *= int(d)
	}
	return n
}

func (f *frozenLayers) rowCount() int { return f.draws * len(f.loader.Examples) }

func (f *frozenLayers) row(p input.Pick) int { return int(p.Draw)*len(f.loader.Examples) + p.Example }

// pick is the inverse of row.
func (f *frozenLayers) pick(row int) input.Pick {
	n := len(f.loader.Examples)
	return input.Pick{Example: row % n, Draw: uint64(row / n)}
}

// group is the aligned group that holds a row, as picks from the row first on.
func (f *frozenLayers) group(row int) (first int, picks []input.Pick) {
	first = row - row%featureGroup
	for i := first; i < min(first+featureGroup, f.rowCount()); i++ {
		picks = append(picks, f.pick(i))
	}
	return first, picks
}

// feature is one computed row.
type feature struct {
	index   int // in the order
	label   int32
	example input.Example
	values  []float32 // until the next one is asked for
}

// each computes the features of order, featureGroup images at a time. failed is called for images that cannot be
// decoded, whose features mean nothing; without it the first ends the sequence.
func (f *frozenLayers) each(ctx context.Context, loader *imageLoader, order []input.Pick, failed func(k int, err error)) iter.Seq2[feature, error] {
	images := *loader
	images.Batch, images.Failed = featureGroup, failed
	return func(yield func(feature, error) bool) {
		for batch, err := range images.Batches(ctx, order) {
			if err != nil {
				yield(feature{}, err)
				return
			}
			out, err := f.session.Run(context.WithoutCancel(ctx), tfgraph.Feeds{f.images: batch.Images}, []tf.Output{f.features})
			batch.Images.Close()
			if err != nil {
				yield(feature{}, fmt.Errorf("compute frozen layers: %w", err))
				return
			}
			more := true
			for i := 0; i < len(batch.Labels) && more; i++ {
				more = yield(feature{batch.Start + i, batch.Labels[i], batch.Examples[i], out[0].Row(i)}, nil)
			}
			tfgraph.CloseAll(out)
			if !more {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(feature{}, err)
		}
	}
}

// fill computes the groups in which store lacks a row, and lists the images that cannot be decoded.
func (f *frozenLayers) fill(ctx context.Context, store featurecache.Store, progress func(CacheProgress)) (problems []input.Excluded, err error) {
	var order []input.Pick
	for row := 0; row < f.rowCount(); row += featureGroup {
		if _, group := f.group(row); slices.ContainsFunc(group, func(p input.Pick) bool { return !store.Has(f.row(p)) }) {
			order = append(order, group...)
		}
	}
	if len(order) == 0 {
		return nil, nil
	}
	progress(CacheProgress{Of: len(order)})
	bad := map[int]bool{}
	failed := func(k int, err error) {
		bad[k] = true
		if order[k].Draw == 0 {
			problems = append(problems, input.ExcludedFor(f.loader.Examples[order[k].Example].Path, err))
		}
	}
	for x, err := range f.each(ctx, f.loader.Sandboxed(), order, failed) {
		if err != nil {
			return nil, err
		}
		if row := f.row(order[x.index]); !bad[x.index] && !store.Has(row) { // a copy of the image has the same row
			if err := store.Write(row, x.values); err != nil {
				return nil, &cacheWriteError{err}
			}
		}
		progress(CacheProgress{Done: x.index + 1, Of: len(order)})
	}
	return problems, nil
}

// recompute computes a row that the store has lost, with its group. Where it cannot
// be written, the next reader computes it once more.
func (f *frozenLayers) recompute(ctx context.Context, store featurecache.Store, row int, into []float32) error {
	first, group := f.group(row)
	var bad error
	failed := func(k int, err error) {
		if first+k == row {
			bad = err
		}
	}
	for x, err := range f.each(ctx, f.loader, group, failed) {
		if err != nil {
			return err
		}
		if first+x.index == row && bad == nil {
			copy(into, x.values)
			_ = store.Write(row, x.values)
		}
	}
	return bad
}

// readFrom yields batches of the store's rows.
func (f *frozenLayers) readFrom(store featurecache.Store) func(context.Context, []input.Pick, int) eval.Batches {
	return func(ctx context.Context, order []input.Pick, from int) eval.Batches {
		order = order[from:]
		features := func(yield func(feature, error) bool) {
			for k, p := range order {
				ex := f.loader.Examples[p.Example]
				if !yield(feature{index: k, label: int32(ex.Label), example: ex}, ctx.Err()) {
					return
				}
			}
		}
		return f.collect(len(order), features, func(x feature, into []float32) error {
			row := f.row(order[x.index])
			err := store.Read(row, into)
			if errors.Is(err, featurecache.ErrMissing) {
				err = f.recompute(ctx, store, row, into)
			}
			return err
		})
	}
}

// compute yields batches of features that are computed as they are asked for. A
// pass that resumes begins with the group that it was interrupted in.
func (f *frozenLayers) compute(ctx context.Context, order []input.Pick, from int) eval.Batches {
	count, skip := len(order)-from, from%featureGroup
	if count == 0 {
		skip = 0
	}
	features := func(yield func(feature, error) bool) {
		for x, err := range f.each(ctx, f.loader, order[from-skip:], nil) {
			if x.index -= skip; (x.index >= 0 || err != nil) && !yield(x, err) {
				return
			}
		}
	}
	return f.collect(count, features, func(x feature, into []float32) error {
		copy(into, x.values)
		return nil
	})
}

// collect joins count features to batches of the loader's size.
func (f *frozenLayers) collect(count int, features iter.Seq2[feature, error], read func(x feature, into []float32) error) eval.Batches {
	return func(yield func(tensorBatch, error) bool) {
		var b tensorBatch
		defer func() { b.Images.Close() }()
		for x, err := range features {
			if err == nil && len(b.Labels) == 0 {
				b = tensorBatch{Start: x.index}
				b.Images, err = tfgraph.Allocate(tf.Float, append([]int64{int64(min(f.loader.Batch, count-x.index))}, f.shape...)...)
			}
			if err == nil {
				err = read(x, b.Images.Row(len(b.Labels)))
			}
			if err != nil {
				yield(tensorBatch{}, err)
				return
			}
			b.Labels, b.Examples = append(b.Labels, x.label), append(b.Examples, x.example)
			if len(b.Labels) < f.loader.Batch && x.index+1 < count {
				continue
			}
			full := b
			b = tensorBatch{}
			if !yield(full, nil) {
				return
			}
		}
	}
}

// openStore opens the cache of the layers' features: nil if caching is impossible, with a note that says why.
func (t *Trainer) openStore(ctx context.Context, layers []*frozenLayers) (featurecache.Store, error) {
	var entries []featurecache.Entry
	for _, f := range layers {
		for row := range f.rowCount() {
			p := f.pick(row)
			ex := f.loader.Examples[p.Example]
			entries = append(entries, featurecache.Entry{Path: ex.Path, Orientation: ex.Orientation, Draw: p.Draw})
		}
	}
	width, dir := layers[0].width(), t.job.Cache.Dir
	opt := featurecache.Options{Half: t.job.Cache.Half, OnNote: t.job.Observer.Note, Contents: t.job.Cache.Contents}
	if dir == "" {
		if int64(len(entries))*opt.RowSize(width) <= cmp.Or(t.job.Cache.Budget, defaultBudget) {
			return featurecache.NewMemory(len(entries), width, opt)
		}
		dir = t.dir.Cache()
	}
	key, err := t.cacheKey(ctx)
	if err != nil {
		return nil, err
	}
	file, err := featurecache.OpenFile(ctx, dir, key, width, entries, opt)
	if err != nil {
		_, err = t.noteCacheError(cmp.Or(ctx.Err(), error(&cacheWriteError{err})))
		return nil, err
	}
	return file, nil
}

// cacheKey hashes what the features depend on besides the images.
func (t *Trainer) cacheKey(ctx context.Context) (key featurecache.Key, err error) {
	h := sha256.New()
	on, known := tfgraph.OneDNN()
	err = json.NewEncoder(h).Encode([]any{tfgraph.Version(), on, known, featureGroup, t.job.Network.FeatureKey, t.job.Network.Boundary.Op.Name()})
	for _, v := range t.job.Network.Variables {
		trainable := slices.ContainsFunc(t.job.Network.Trainable, func(o ops.Variable) bool { return o.Name == v.Name })
		if err == nil && !trainable {
			err = t.hashVariable(ctx, h, v)
		}
	}
	copy(key[:], h.Sum(nil))
	return key, err
}

func (t *Trainer) hashVariable(ctx context.Context, w io.Writer, v ops.Variable) error {
	out, err := t.exec.session.Run(ctx, nil, []tf.Output{v.Value})
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(out)
	values := tfgraph.Data[float32](out[0])
	_, err = w.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values)))
	return err
}

// cacheWriteError is a failure of the cache, which ends its use and not the run.
type cacheWriteError struct{ error }

// noteCacheError reports whether err is a failure of the cache, such as a full
// disk, of which it makes a note. It returns any other error.
func (t *Trainer) noteCacheError(err error) (noted bool, _ error) {
	var failed *cacheWriteError
	if !errors.As(err, &failed) {
		return false, err
	}
	t.job.Observer.Note(fmt.Sprintf("feature cache disabled, features are recomputed in every epoch: %v", failed.error))
	return true, nil
}
