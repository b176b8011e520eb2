package finetune

import (
	"context"
	"errors"
	"maps"
	"sync"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// decoder decodes a run's images in this process, as each was decoded in a child before. Those that decode with a warning
// are decoded in a child again: this process's library would print the warning without the path.
type decoder struct {
	preprocessing alexnet.Preprocessing
	inProcess     *alexnet.Decoder
	inChild       *sandbox.Decoder
	warnings      *warnings
}

// newDecoder returns the decoder of the session's images. The caller closes it.
func (s *session) newDecoder(p alexnet.Preprocessing) (*decoder, error) {
	local, err := alexnet.NewDecoder(p, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	child := sandbox.NewDecoder(sandbox.Options{Preprocessing: p, Workers: 1, Note: func(text string) { s.log.Info(text) }})
	return &decoder{p, local, child, &s.warnings}, nil
}

// loader decodes examples into batches.
func (d *decoder) loader(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	return d.preprocessing.Loader(d.decode, examples, batch)
}

func (d *decoder) decode(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
	if d.warnings.has(ex.Path) {
		return d.inChild.Decode(ctx, encoded, ex, draw, into)
	}
	return d.inProcess.Decode(ctx, encoded, ex, draw, into)
}

func (d *decoder) Close() error { return errors.Join(d.inChild.Close(), d.inProcess.Close()) }

// warnings are what decoders printed, by the image's path. The zero value is empty and safe for concurrent use.
type warnings struct {
	lock   sync.Mutex
	byPath map[string]string
}

func (w *warnings) add(path, warning string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.byPath == nil {
		w.byPath = map[string]string{}
	}
	w.byPath[path] = warning
}

func (w *warnings) has(path string) bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	_, ok := w.byPath[path]
	return ok
}

// all is a copy.
func (w *warnings) all() map[string]string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return maps.Clone(w.byPath)
}
