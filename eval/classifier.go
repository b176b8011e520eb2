package eval

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"golang.org/x/sync/errgroup"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/export"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Classifier is a trained network ready to run forward; safe for concurrent
// use. Close frees it.
type Classifier struct {
	Meta   checkpoint.Meta // which checkpoint it is
	Limits input.Limits    // what a picture may cost; may be set before first use

	head      Head
	variables []ops.Variable
	weights   *checkpoint.Weights
	session   *tfgraph.Session
	decoder   *alexnet.Decoder
}

// Open loads the model that path names: a run directory (its best checkpoint), one
// checkpoint by its prefix or any of its files, or a SavedModel that package
// savedmodel wrote, of which only the weights and the card are used.
func Open(ctx context.Context, path string, options tfgraph.Options) (*Classifier, error) {
	prefix, err := Find(path)
	if err != nil {
		return nil, err
	}
	meta, err := Describe(prefix)
	if err != nil {
		return nil, err
	}
	return OpenAt(ctx, prefix, meta, options)
}

// Describe reads what the checkpoint or SavedModel at prefix says of itself.
func Describe(prefix string) (checkpoint.Meta, error) {
	dir, ok := export.DirOf(prefix)
	if !ok {
		return checkpoint.ReadMeta(prefix)
	}
	card, err := export.ReadCard(dir)
	if err != nil {
		return checkpoint.Meta{}, err
	}
	return card.Checkpoint, nil
}

// OpenAt loads the variables at prefix into the network that meta describes.
func OpenAt(ctx context.Context, prefix string, meta checkpoint.Meta, options tfgraph.Options) (*Classifier, error) {
	c := &Classifier{Meta: meta}
	if err := c.load(ctx, prefix, options); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Find gives the prefix of the variables that path names. Of a folder of SavedModels
// with numbers for names it is the highest one's.
func Find(path string) (prefix string, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		for _, suffix := range []string{"", ".json", ".index", ".data-00000-of-00001"} {
			prefix := strings.TrimSuffix(path, suffix)
			if _, err := os.Stat(prefix + ".index"); err == nil {
				return prefix, nil
			}
		}
	}
	if err != nil {
		return "", fmt.Errorf("find model: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("find model in %q: %w", path, checkpoint.ErrNone)
	}
	for _, dir := range []checkpoint.Dir{checkpoint.Dir(filepath.Join(path, "checkpoints")), checkpoint.Dir(path)} {
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
	return "", fmt.Errorf("find model in %q: %w", path, checkpoint.ErrNone)
}

// load reads the weights while TensorFlow gets ready.
func (c *Classifier) load(ctx context.Context, prefix string, options tfgraph.Options) error {
	if err := checkpoint.Fits(prefix, c.Meta.Network.Layers()); err != nil {
		return err
	}
	root := op.NewScope()
	net := alexnet.Build(root, c.Meta.Network)
	c.head, c.variables = NewHead(root, net.Images, net.Logits, net.Config.Classes), net.Variables
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if c.weights, err = checkpoint.Load(ctx, prefix, net.Variables); err == nil {
			c.head.Weights = c.weights.Feeds
		}
		return err
	})
	g.Go(func() (err error) {
		if c.session, err = tfgraph.Open(def, options); err != nil {
			return err
		}
		c.decoder, err = alexnet.NewDecoder(c.Meta.Preprocessing, options)
		return err
	})
	return g.Wait()
}

// Close waits for what runs, then frees the model.
func (c *Classifier) Close() error {
	var errs []error
	if c.session != nil {
		errs = append(errs, c.session.Close())
	}
	if c.decoder != nil {
		errs = append(errs, c.decoder.Close())
	}
	if c.weights != nil {
		c.weights.Close()
	}
	return errors.Join(errs...)
}

// Values are the variable's values in C order, and its shape. They are the
// model's own, to be read until Close. A name that it lacks gives none.
func (c *Classifier) Values(variable string) (values []float32, shape []int64) {
	for _, v := range c.variables {
		if v.Name == variable {
			return tfgraph.Data[float32](c.weights.Feeds[v.Value]), v.Shape
		}
	}
	return nil, nil
}

// NotFinite names the variables that hold a value that is no finite number. Of
// such a model the answers may look like any other's: rectifiers turn NaN into 0.
func (c *Classifier) NonFinite() (names []string) {
	for _, v := range c.variables {
		for _, x := range tfgraph.Data[float32](c.weights.Feeds[v.Value]) {
			if x-x != 0 {
				names = append(names, v.Name)
				break
			}
		}
	}
	return names
}

// Evaluate measures the model on labelled pictures, batch at a time.
func (c *Classifier) Evaluate(ctx context.Context, examples []input.Example, batch int) (Report, error) {
	loader := c.Loader(examples, batch)
	return Evaluate(ctx, c.session, c.head, loader.Batches(ctx, input.Sequential(len(examples))), c.Meta.Preprocessing.Classes)
}

// Loader decodes examples by the model's contract and within its Limits into
// batches of the given size.
func (c *Classifier) Loader(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	loader := NewLoader(c.decoder, c.Meta.Preprocessing.Size, examples, batch)
	loader.Limits = c.Limits
	return loader
}

// judged tells a damaged picture from what an intact one may meet with too.
func judged(err error) error {
	if words := tfgraph.BadInput(err); words != "" {
		return fmt.Errorf("%w: %s", input.ErrDamaged, words)
	}
	return err
}

// NewLoader decodes examples into batches of pictures of side size.
func NewLoader(decoder *alexnet.Decoder, size int, examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	side := int64(size)
	return &input.Loader[*tfgraph.Tensor]{
		Examples: examples,
		Batch:    batch,
		Alloc: func(rows int) (*tfgraph.Tensor, error) {
			return tfgraph.Allocate(tf.Float, int64(rows), side, side, 3)
		},
		Decode: func(ctx context.Context, encoded []byte, ex input.Example, into []float32) error {
			view := alexnet.ImageInfo{Orientation: ex.Orientation, Flipped: ex.Mirrored, Width: ex.Width, Height: ex.Height}
			return judged(decoder.Decode(ctx, encoded, view, into))
		},
	}
}
