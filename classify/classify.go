// Package classify predicts the class of images. Start with [Open] and [Model.Classify]:
//
//	ctx := context.Background()
//	model, err := classify.Open(ctx, "runs/1", classify.Options{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer model.Close()
//	result, err := model.Classify(ctx, classify.FromFile("cat.jpg"))
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Printf("%s, %.0f %%\n", result.Class, 100*result.Probability)
//
// An [Image] comes from a file, bytes, a reader or an [image.Image], a model from a run directory, a checkpoint or an
// export. For many images use [Model.ClassifyAll], which batches them.
//
// The content of an image decides its format, not its name; limits on its header are checked before decoding. It is
// rotated by its EXIF orientation if the model was trained so, and preprocessed as in training. Files are only read.
//
// A [Model] is safe for concurrent use, starts no goroutine that outlives a call, and holds TensorFlow's memory until
// Close. An image that cannot be read returns an [*input.Error] with one of input's reasons; a call after Close returns
// [tfgraph.ErrClosed].
//
// Programs that import it link TensorFlow's C library. In another module, with a checkout of this one at PATH:
//
//	go mod edit -require=alexnet@v0.0.0 -replace=alexnet=PATH
//	eval "$(PATH/scripts/install-libtensorflow --env)"
//	go mod tidy
//	go run .
//
// The second line installs the library if it is missing and sets cgo's variables and TF_ENABLE_ONEDNN_OPTS, which makes
// TensorFlow faster on many processors and must be set before a program starts.
package classify

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"golang.org/x/sync/errgroup"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Result is the prediction of a model for an image.
type Result struct {
	Class         string    `json:"class"`       // the most probable
	Probability   float64   `json:"probability"` // of Class
	Top           []Ranked  `json:"top"`         // all classes, the most probable first
	Probabilities []float32 `json:"-"`           // by label, in the order of Model.Classes
}

// Ranked is a class with its probability.
type Ranked struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// newResult ranks the classes by probability; equal ones keep the order of their labels.
func newResult(classes []string, probabilities []float32) Result {
	ranked := make([]Ranked, len(classes))
	for i, class := range classes {
		ranked[i] = Ranked{class, float64(probabilities[i])}
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.Probability, a.Probability) })
	return Result{Class: ranked[0].Class, Probability: ranked[0].Probability, Top: ranked, Probabilities: probabilities}
}

// Classify classifies one image. It runs as a batch of one, so that the result is bit-identical
// whatever other calls run at the same time.
func (m *Model) Classify(ctx context.Context, p Image) (Result, error) {
	p, err := m.Prepare(ctx, p)
	if err != nil {
		return Result{}, err
	}
	results, _, err := m.classifyBatch(ctx, []Image{p})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// ClassifyAll classifies images in batches and yields a result or an error for each, in order. An [*input.Error]
// concerns its image alone and the iteration continues; any other error, of the model or the end of ctx, is the last.
// At most Options.Batch images are read ahead. The last bits of a result depend on the image's place in its batch.
func (m *Model) ClassifyAll(ctx context.Context, images iter.Seq[Image]) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		batch := make([]Image, 0, m.options.Batch)
		for p := range images {
			if batch = append(batch, p); len(batch) == cap(batch) {
				if !m.yieldBatch(ctx, batch, yield) {
					return
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			m.yieldBatch(ctx, batch, yield)
		}
	}
}

// yieldBatch classifies one batch and reports whether to continue.
func (m *Model) yieldBatch(ctx context.Context, batch []Image, yield func(Result, error) bool) bool {
	results, failed, err := m.classifyBatch(ctx, batch)
	if err != nil {
		yield(Result{}, err)
		return false
	}
	for i := range batch {
		if !yield(results[i], failed[i]) {
			return false
		}
	}
	return true
}

// classifyBatch runs the network once. Images that cannot be decoded, several at a time, have their error in failed
// and zeros for pixels.
func (m *Model) classifyBatch(ctx context.Context, batch []Image) (results []Result, failed []error, err error) {
	if err := m.checkOpen(); err != nil {
		return nil, nil, err
	}
	side := int64(m.Size())
	pixels, err := tfgraph.Allocate(tf.Float, int64(len(batch)), side, side, 3)
	if err != nil {
		return nil, nil, err
	}
	defer pixels.Close()
	failed = make([]error, len(batch))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range batch {
		g.Go(func() error {
			err := batch[i].decode(ctx, m, pixels.Row(i))
			if err == nil {
				return ctx.Err()
			}
			clear(pixels.Row(i))
			failed[i] = err
			var refused *input.Error
			if errors.As(err, &refused) {
				return ctx.Err()
			}
			return cmp.Or(ctx.Err(), err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	out, err := m.head.Run(ctx, m.session, tfgraph.Feeds{m.head.Images: pixels}, m.head.Probabilities)
	if err != nil {
		return nil, nil, err
	}
	defer tfgraph.CloseAll(out)
	results = make([]Result, len(batch))
	for i := range batch {
		if failed[i] == nil {
			results[i] = newResult(m.classes(), slices.Clone(out[0].Row(i)))
		}
	}
	return results, failed, nil
}

// Prepare reads and decodes an image in advance, so that Classify and ClassifyAll of this model only run the network.
// The image it returns holds Size x Size x 3 float32 values and can be classified again and again.
func (m *Model) Prepare(ctx context.Context, p Image) (Image, error) {
	if err := m.checkOpen(); err != nil {
		return Image{}, err
	}
	if p.model == m {
		return p, nil
	}
	decoded := make([]float32, m.Size()*m.Size()*3)
	if err := p.decode(ctx, m, decoded); err != nil {
		return Image{}, err
	}
	return Image{name: p.name, decoded: decoded, model: m}, nil
}
