package serve

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"runtime"
	"sync/atomic"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/input"
)

// Server serves one model.
type Server struct {
	config   Config
	model    *classify.Model
	limits   input.Limits
	batcher  *batcher
	decoders chan struct{} // a place for each picture that is being decoded
	decoded  chan struct{} // a place for each picture from then to its answer
	places   allowance     // pictures admitted
	bodies   allowance     // bytes of bodies in memory
	metrics  *metrics
	draining atomic.Bool
}

// ahead is how many batches of pictures are decoded at once, with the one in the
// network. The others wait encoded, which takes far less memory.
const ahead = 4

// share is how many pictures of that side go through the network at once, and
// how many are decoded: as many as c says, or the fewer that take no more memory
// than so many of AlexNet's. A model file chooses its side, which must not choose
// what a request takes. One at least is computed while another is decoded.
func (c Config) share(side int) (batch, decoded int) {
	within := min(1, math.Pow(float64(alexnet.Config{}.WithDefaults().Size)/float64(side), 2))
	batch = max(1, int(float64(c.Batch)*within))
	return batch, max(2, int(float64(ahead*c.Batch)*within))
}

// New loads the model at path, as classify.Open does, and makes it ready to
// answer. The caller closes the server.
func New(ctx context.Context, path string, config Config, formats ...input.Format) (*Server, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("serve %q: %w", path, err)
	}
	c := config.orDefaults()
	limits := input.Limits{MaxBytes: c.MaxBody, MaxPixels: c.MaxPixels}
	model, err := classify.Open(ctx, path, classify.Options{Limits: limits, Formats: formats, Batch: c.Batch, Session: c.Session})
	if err != nil {
		return nil, err
	}
	if err := warm(ctx, model); err != nil {
		return nil, errors.Join(fmt.Errorf("serve %q: %w", path, err), model.Close())
	}
	batch, decoded := c.share(model.Size())
	c.Batch = batch
	s := &Server{
		config: c, model: model, limits: limits,
		decoders: make(chan struct{}, runtime.GOMAXPROCS(0)),
		decoded:  make(chan struct{}, decoded),
		places:   allowance{most: int64(c.Queue)},
		bodies:   allowance{most: bodies * c.MaxBody},
	}
	s.metrics = newMetrics(s)
	s.batcher = newBatcher(model, c, s.metrics.batch)
	return s, nil
}

// warm has TensorFlow make ready, which it does at its first run, and refuses a
// model that has no answer, or whose numbers are none.
func warm(ctx context.Context, model *classify.Model) error {
	if err := model.CheckFinite(); err != nil {
		return err
	}
	result, err := model.Classify(ctx, classify.FromImage(image.NewGray(image.Rect(0, 0, 1, 1))))
	if err == nil && math.IsNaN(result.Probability) {
		err = errors.New("the model gives probabilities that are no numbers")
	}
	return err
}

// Close frees the model. Requests that are still being answered fail.
func (s *Server) Close() error {
	s.batcher.close()
	return s.model.Close()
}
