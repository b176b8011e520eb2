package classify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/wamuir/graft/tensorflow/op"
	"golang.org/x/sync/errgroup"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/export"
	"alexnet/input"
	"alexnet/internal/bundle"
	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Options configure a model. The zero value is the default.
type Options struct {
	Limits  input.Limits    // on each image
	Formats []input.Format  // WebP and TIFF are read only if listed here
	Batch   int             // images per batch of ClassifyAll; 0 means 32
	Session tfgraph.Options // device and threads

	// NewDecoder makes the decoder of the model's images, which the model closes; nil decodes in this process.
	NewDecoder func(alexnet.Preprocessing) (Decoder, error)
}

// Decoder decodes images. [alexnet.Decoder] documents the methods; they are safe for concurrent use.
type Decoder interface {
	Decode(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error
	Close() error
}

const defaultBatch = 32

// Model is a trained network together with its preprocessing. It is safe for concurrent use.
type Model struct {
	Source export.Source // where the model was loaded from; read-only

	options   Options
	head      eval.Head
	variables []ops.Variable
	weights   tfgraph.Feeds
	session   *tfgraph.Session
	decoder   Decoder

	closed  atomic.Bool
	reading sync.RWMutex // held while weights are read
	close   func() error
}

// Open loads the model at path, see [Find]. The caller closes it.
func Open(ctx context.Context, path string, options Options) (*Model, error) {
	source, err := Find(path)
	if err != nil {
		return nil, err
	}
	return Load(ctx, source, options)
}

// Load loads the model of a source. The caller closes it.
func Load(ctx context.Context, source export.Source, options Options) (*Model, error) {
	if options.Batch < 0 {
		return nil, fmt.Errorf("open model %q: got batch size %d, want at least 1", source.Prefix, options.Batch)
	}
	options.Batch = cmp.Or(options.Batch, defaultBatch)
	if err := options.Limits.Validate(); err != nil {
		return nil, fmt.Errorf("open model %q: %w", source.Prefix, err)
	}
	m := &Model{Source: source, options: options}
	m.close = sync.OnceValue(m.release)
	if err := m.load(ctx); err != nil {
		m.release()
		return nil, err
	}
	return m, nil
}

// load builds the graph, and reads the weights while TensorFlow opens the sessions.
func (m *Model) load(ctx context.Context) error {
	network := m.Source.Description.Network
	if err := checkpoint.CheckShapes(m.Source.Prefix, variableShapes(network)); err != nil {
		return err
	}
	root := op.NewScope()
	net := alexnet.Build(root, network)
	m.head, m.variables = eval.NewHead(root, net.Images, net.Logits, net.Config.Classes), net.Variables
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		m.weights, err = checkpoint.Load(ctx, m.Source.Prefix, net.Variables)
		m.head.Weights = m.weights
		return err
	})
	g.Go(func() (err error) {
		if m.session, err = tfgraph.Open(def, m.options.Session); err != nil {
			return err
		}
		return nil
	})
	g.Go(func() error { return m.openDecoder() })
	return g.Wait()
}

func (m *Model) openDecoder() (err error) {
	preprocessing := m.Source.Description.Preprocessing
	if m.options.NewDecoder != nil {
		m.decoder, err = m.options.NewDecoder(preprocessing)
		return err
	}
	local, err := alexnet.NewDecoder(preprocessing, m.options.Session)
	if err == nil {
		m.decoder = local
	}
	return err
}

// Classes returns a copy of the class names by label.
func (m *Model) Classes() []string { return slices.Clone(m.classes()) }

func (m *Model) classes() []string { return m.Source.Description.Preprocessing.Classes }

// Size is the width and height of the network's input in pixels.
func (m *Model) Size() int { return m.Source.Description.Preprocessing.Size }

// Values returns the values of a variable in C order and its shape, nil for a name that the model lacks. The values
// are the model's own: they must not be modified, nor read after Close.
func (m *Model) Values(variable string) (values []float32, shape []int64) {
	for _, v := range m.variables {
		if v.Name == variable {
			return tfgraph.Data[float32](m.weights[v.Value]), v.Shape
		}
	}
	return nil, nil
}

// CheckFinite reports the variables that hold a NaN or an infinity. The predictions of such a model may look normal:
// ReLU turns NaN into 0.
func (m *Model) CheckFinite() error {
	m.reading.RLock()
	defer m.reading.RUnlock()
	if err := m.checkOpen(); err != nil {
		return err
	}
	var names []string
	for _, v := range m.variables {
		nonFinite := func(x float32) bool { return x-x != 0 }
		if slices.ContainsFunc(tfgraph.Data[float32](m.weights[v.Value]), nonFinite) {
			names = append(names, v.Name)
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("check model %q: non-finite weights in %s", m.Source.Prefix, strings.Join(names, ", "))
	}
	return nil
}

// Close waits for running calls and frees the model. It may be called more than once.
func (m *Model) Close() error {
	m.closed.Store(true)
	m.reading.Lock()
	defer m.reading.Unlock()
	return m.close()
}

func (m *Model) release() error {
	var errs []error
	if m.session != nil {
		errs = append(errs, m.session.Close())
	}
	if m.decoder != nil {
		errs = append(errs, m.decoder.Close())
	}
	m.weights.Close()
	return errors.Join(errs...)
}

func (m *Model) checkOpen() error {
	if m.closed.Load() {
		return fmt.Errorf("classify: model %w", tfgraph.ErrClosed)
	}
	return nil
}

// Find locates the model at path: a run directory or a folder of checkpoints, of which it takes the best one; a
// checkpoint, by its prefix or any of its files; or a SavedModel that package export wrote. Of a folder of SavedModels
// named by version numbers it takes the highest. The description is validated, the variables are not read.
func Find(path string) (export.Source, error) {
	prefix, err := findPrefix(path)
	if err != nil {
		return export.Source{}, fmt.Errorf("find model: %w", err)
	}
	if dir, ok := export.DirOf(prefix); ok {
		card, err := export.ReadCard(dir)
		if err != nil {
			return export.Source{}, err
		}
		return card.Source(dir), nil
	}
	meta, err := checkpoint.ReadMeta(prefix)
	if err != nil {
		return export.Source{}, err
	}
	description, err := alexnet.ParseDescription(meta.Model)
	if err != nil {
		return export.Source{}, fmt.Errorf("read checkpoint %q: %w", prefix, err)
	}
	return export.Source{Prefix: prefix, Checkpoint: meta, Description: description}, nil
}

func findPrefix(path string) (string, error) {
	info, err := os.Stat(path)
	if prefix, ok := bundle.FindPrefix(path); ok && (errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()) {
		return prefix, nil
	}
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		for _, dir := range []checkpoint.Dir{checkpoint.Dir(rundir.Dir(path).Checkpoints()), checkpoint.Dir(path)} {
			all, err := dir.List()
			if err != nil {
				return "", err
			}
			if best, ok := checkpoint.Best(all); ok {
				return dir.Prefix(best), nil
			}
		}
		if dir, ok := export.Find(path); ok {
			return export.Prefix(dir), nil
		}
	}
	return "", fmt.Errorf("%q: %w", path, checkpoint.ErrNone)
}

// variableShapes are the shapes of the network's variables by name.
func variableShapes(c alexnet.Config) map[string][]int64 {
	shapes := map[string][]int64{}
	for _, l := range c.Layers() {
		shapes[l.Name+"/weights"], shapes[l.Name+"/biases"] = l.Weights, l.Biases
	}
	return shapes
}
