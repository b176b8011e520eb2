package train

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/input"
	"alexnet/internal/featurecache"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Cache says how the features of frozen layers are kept. The zero value keeps
// them in memory, or beyond Budget in a file in the run directory.
type Cache struct {
	Off    bool   // compute them for every batch anew
	Dir    string // keep them in this folder, which runs may share
	Budget int64  // bytes of memory for them; 1 GiB
	Half   bool   // keep them in float16, which takes half as much and rounds to 11 bits
}

const defaultBudget = 1 << 30

// openStore opens the place where the features of the examples are kept: nil
// where there is none, which a note then explains.
func (r *run) openStore(ctx context.Context, examples []input.Example, width int) (featurecache.Store, error) {
	budget, dir := r.job.Cache.Budget, r.job.Cache.Dir
	if budget == 0 {
		budget = defaultBudget
	}
	opt := featurecache.Options{Half: r.job.Cache.Half, OnNote: r.note}
	if dir == "" {
		if int64(len(examples))*opt.RowSize(width) <= budget {
			return featurecache.NewMemory(len(examples), width, opt)
		}
		dir = r.dir.cache
	}
	key, err := r.cacheKey(ctx)
	if err != nil {
		return nil, err
	}
	file, err := featurecache.OpenFile(ctx, dir, key, width, cacheEntries(examples), opt)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.note(fmt.Sprintf("frozen layers are computed in every epoch anew: %v", err))
		return nil, nil
	}
	return file, nil
}

// picturesOf tells the store which file each row is of, and what else its
// decoding takes.
func cacheEntries(examples []input.Example) []featurecache.Entry {
	images := make([]featurecache.Entry, len(examples))
	for i, ex := range examples {
		images[i] = featurecache.Entry{Path: ex.Path, Variant: byte(ex.Orientation)}
		if ex.Mirrored {
			images[i].Variant |= 1 << 7
		}
	}
	return images
}

// cacheKey hashes what the features depend on beside the images.
func (r *run) cacheKey(ctx context.Context) (key featurecache.Key, err error) {
	h := sha256.New()
	on, known := tfgraph.OneDNN()
	err = json.NewEncoder(h).Encode([]any{tfgraph.Version(), on, known, featureBatch, r.job.Network.FeatureKey, r.job.Network.Boundary.Op.Name()})
	for _, v := range r.job.Network.Variables {
		if err == nil && !r.trainable(v) {
			err = r.hashVariable(ctx, h, v)
		}
	}
	copy(key[:], h.Sum(nil))
	return key, err
}

func (r *run) trainable(v ops.Variable) bool {
	return slices.ContainsFunc(r.job.Network.Trainable, func(t ops.Variable) bool { return t.Name == v.Name })
}

func (r *run) hashVariable(ctx context.Context, w io.Writer, v ops.Variable) error {
	out, err := r.session.Run(ctx, nil, []tf.Output{v.Value})
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(out)
	values := tfgraph.Data[float32](out[0])
	_, err = w.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values)))
	return err
}

// unlessFull notes that features could not be kept: a disk that is full ends the
// keeping, not the run. Any other error it returns.
func (r *run) noteCacheError(err error) (noted bool, _ error) {
	var broken *cacheWriteError
	if errors.As(err, &broken) {
		r.note(fmt.Sprintf("frozen layers are computed in every epoch anew: %v", broken.err))
		return true, nil
	}
	return false, err
}

// storeError is a failure to keep features.
type cacheWriteError struct{ err error }

func (e *cacheWriteError) Error() string { return e.err.Error() }
func (e *cacheWriteError) Unwrap() error { return e.err }

func (r *run) note(text string) {
	if notify := r.job.Progress.OnNote; notify != nil {
		notify(text)
	}
}
