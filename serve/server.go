// Package serve classifies images over HTTP. Start with [New] and [Server.Serve]:
//
//	POST /v1/models/NAME:predict   TensorFlow Serving's REST API, with its
//	GET  /v1/models/NAME           status and /metadata
//	POST /classify                 an image, or a form with several
//	GET  /                         a page to drop images on
//	GET  /healthz /readyz /metrics
//
// Images are decoded as they arrive, one per processor at a time, and classified in batches of those that were decoded
// meanwhile: one alone if the queue is empty. Config bounds memory: bodies, queued images, pixels. Requests beyond the
// limits get status 429.
//
// Invalid requests never get a 5xx status, and every accepted request is answered before Serve returns, unless
// Config.Drain expires. A client that disconnects frees its place in the queue.
package serve

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/export"
	"alexnet/input"
)

// Server serves one model.
type Server struct {
	config   Config
	model    *classify.Model
	limits   input.Limits
	batcher  *batcher
	queue    *semaphore.Weighted // admitted images
	bodies   *semaphore.Weighted // bytes of bodies in memory
	decoded  *semaphore.Weighted // images being decoded or decoded, until their responses
	decoders *semaphore.Weighted // images being decoded
	metrics  *metrics
	draining atomic.Bool
}

// decodedBatches is the number of batches that are decoded, including the one in the
// network. All other images stay encoded, which takes far less memory.
const decodedBatches = 4

// batchSizes returns the batch size and the number of decoded images for a model with the given input side: those of c,
// or fewer for a larger input than AlexNet's, so that a model file cannot increase the memory use. At least one image
// is computed while another is decoded.
func (c Config) batchSizes(side int) (batch, decoded int) {
	scale := min(1, math.Pow(float64(alexnet.Config{}.WithDefaults().Size)/float64(side), 2))
	batch = max(1, int(float64(c.Batch)*scale))
	return batch, max(2, int(float64(decodedBatches*c.Batch)*scale))
}

// New loads the model at path, as classify.Open does, and prepares it for requests. The caller closes the server.
func New(ctx context.Context, path string, config Config, formats ...input.Format) (*Server, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("serve %q: %w", path, err)
	}
	c := config.orDefaults()
	limits := input.Limits{MaxBytes: c.MaxBody, MaxPixels: c.MaxPixels}
	model, err := classify.Open(ctx, path, classify.Options{Limits: limits, Formats: formats, Batch: c.Batch, Session: c.Session, NewDecoder: c.NewDecoder})
	if err != nil {
		return nil, err
	}
	if err := warmUp(ctx, model); err != nil {
		return nil, errors.Join(fmt.Errorf("serve %q: %w", path, err), model.Close())
	}
	batch, decoded := c.batchSizes(model.Size())
	c.Batch = batch
	if c.Version == 0 {
		c.Version = versionOf(path, model.Source.Prefix)
	}
	s := &Server{
		config: c, model: model, limits: limits,
		queue:    semaphore.NewWeighted(int64(c.Queue)),
		bodies:   semaphore.NewWeighted(maxBodies * c.MaxBody),
		decoded:  semaphore.NewWeighted(int64(decoded)),
		decoders: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
	}
	s.metrics = newMetrics()
	s.batcher = newBatcher(model, c, s.metrics.batch)
	return s, nil
}

// versionOf is the version number that names the directory of the model at path, whose variables have the prefix, or
// else 1. The model may be in a subdirectory of path, and path may be a link to a directory.
func versionOf(path, prefix string) int {
	if dir, ok := export.DirOf(prefix); ok {
		path = dir
	}
	absolute, _ := filepath.Abs(path)
	real, _ := filepath.EvalSymlinks(absolute)
	for _, dir := range []string{absolute, real} {
		if n, err := strconv.Atoi(filepath.Base(dir)); err == nil && n > 0 {
			return n
		}
	}
	return 1
}

// warmUp runs the model once, because TensorFlow initializes in the first run, and
// rejects a model that fails or whose output is NaN.
func warmUp(ctx context.Context, model *classify.Model) error {
	if err := model.CheckFinite(); err != nil {
		return err
	}
	result, err := model.Classify(ctx, classify.FromImage(image.NewGray(image.Rect(0, 0, 1, 1))))
	if err == nil && math.IsNaN(result.Probability) {
		err = errors.New("model outputs NaN")
	}
	return err
}

// Close frees the model. Active requests fail.
func (s *Server) Close() error {
	s.batcher.close()
	return s.model.Close()
}
