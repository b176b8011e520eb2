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

	"alexnet/features"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Cache says how the features of frozen layers are kept. The zero value keeps
// them in memory, or beyond Budget in a file in the run directory.
type Cache struct {
	Off    bool   // compute them for every batch anew
	Dir    string // keep them in this folder, which runs may share
	Budget int64  // bytes of memory for them; 1 GiB
}

const defaultBudget = 1 << 30

// openStore opens the place where the features of the examples are kept: nil
// where there is none, which a note then explains.
func (r *run) openStore(ctx context.Context, examples []input.Example, width int) (features.Store, error) {
	budget, dir := r.job.Cache.Budget, r.job.Cache.Dir
	if budget == 0 {
		budget = defaultBudget
	}
	if dir == "" {
		if 4*int64(len(examples))*int64(width) <= budget {
			return features.NewMemory(len(examples), width), nil
		}
		dir = r.dir.cache
	}
	key, err := r.cacheKey(ctx)
	if err != nil {
		return nil, err
	}
	contents, err := contentsOf(ctx, examples)
	if err != nil {
		return nil, err
	}
	file, err := features.OpenFile(dir, key, width, contents)
	if err != nil {
		r.note(fmt.Sprintf("frozen layers are computed in every epoch anew: %v", err))
		return nil, nil
	}
	return file, nil
}

func contentsOf(ctx context.Context, examples []input.Example) ([]features.Content, error) {
	paths := make([]string, len(examples))
	for i, ex := range examples {
		paths[i] = ex.Path
	}
	contents, err := features.Contents(ctx, paths)
	for i := range contents {
		contents[i] = turned(contents[i], examples[i])
	}
	return contents, err
}

// turned adds to a picture's content what else the decoding takes from it.
func turned(c features.Content, ex input.Example) features.Content {
	return sha256.Sum256(append(c[:], byte(ex.Orientation)))
}

// cacheKey hashes what the features depend on beside the pictures.
func (r *run) cacheKey(ctx context.Context) (key features.Key, err error) {
	h := sha256.New()
	on, known := tfgraph.OneDNN()
	contract := r.job.Meta.Contract
	contract.Classes = nil
	network := r.job.Meta.Network
	network.Classes = 0
	err = json.NewEncoder(h).Encode([]any{tfgraph.Version(), on, known, micro, contract, network, r.job.Network.Boundary.Op.Name()})
	for _, v := range r.job.Network.Variables {
		if err == nil && !r.trained(v) {
			err = r.hashVariable(ctx, h, v)
		}
	}
	copy(key[:], h.Sum(nil))
	return key, err
}

func (r *run) trained(v ops.Variable) bool {
	return slices.ContainsFunc(r.job.Network.Trained, func(t ops.Variable) bool { return t.Name == v.Name })
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

// keep fills the store. A disk that is full ends the keeping, not the run.
func (r *run) keep(ctx context.Context, p *prefix, store features.Store) (ok bool, err error) {
	err = p.fill(ctx, store, r.job.Progress.OnFill)
	var broken *storeError
	if errors.As(err, &broken) {
		r.note(fmt.Sprintf("frozen layers are computed in every epoch anew: %v", broken.err))
		return false, nil
	}
	return err == nil, err
}

// storeError is a failure to keep features.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

func (r *run) note(text string) {
	if notify := r.job.Progress.OnNote; notify != nil {
		notify(text)
	}
}
