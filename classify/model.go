package classify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/tfgraph"
)

// Options say how a model works; the zero value is a good one.
type Options struct {
	Limits  input.Limits    // what a picture may cost
	Formats []input.Format  // WebP and TIFF are read only if named here
	Batch   int             // pictures that ClassifyAll computes at once, 32 by default
	Session tfgraph.Options // the device, and TensorFlow's threads
}

const defaultBatch = 32

// Model is a trained network with all that it takes from an encoded picture to
// a class.
type Model struct {
	model   *eval.Classifier
	options Options
	closed  atomic.Bool
	reading sync.RWMutex // held while weights are read
	close   func() error
}

// Open loads the model at path: a run directory, of which it takes the best
// checkpoint, one checkpoint, or an exported model. The caller closes it.
func Open(ctx context.Context, path string, options Options) (*Model, error) {
	if options.Batch < 0 {
		return nil, fmt.Errorf("open model %q: got a batch of %d pictures, want at least 1", path, options.Batch)
	}
	if options.Batch == 0 {
		options.Batch = defaultBatch
	}
	if err := options.Limits.Validate(); err != nil {
		return nil, fmt.Errorf("open model %q: %w", path, err)
	}
	model, err := eval.Open(ctx, path, options.Session)
	if err != nil {
		return nil, err
	}
	return &Model{model: model, options: options, close: sync.OnceValue(model.Close)}, nil
}

// Classes are the names of the classes by label, a copy.
func (m *Model) Classes() []string { return slices.Clone(m.model.Meta.Preprocessing.Classes) }

// Size is the side of the squares of pixels that the network takes.
func (m *Model) Size() int { return m.model.Meta.Preprocessing.Size }

// Check reads all weights and tells which variables hold a value that is no
// finite number: such a model may answer like any other, and mean nothing by it.
func (m *Model) Check() error {
	m.reading.RLock()
	defer m.reading.RUnlock()
	if err := m.usable(); err != nil {
		return err
	}
	if bad := m.model.NonFinite(); len(bad) > 0 {
		return fmt.Errorf("check model: got weights that are no finite numbers in %s", strings.Join(bad, ", "))
	}
	return nil
}

// Close waits for what runs, then frees the model. It may be called again.
func (m *Model) Close() error {
	m.closed.Store(true)
	m.reading.Lock()
	defer m.reading.Unlock()
	return m.close()
}

func (m *Model) usable() error {
	if m.closed.Load() {
		return fmt.Errorf("classify: model %w", tfgraph.ErrClosed)
	}
	return nil
}
