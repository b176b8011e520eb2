package serve

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"

	"alexnet/classify"
	"alexnet/input"
)

// requestImage is an encoded image of a request.
type requestImage struct {
	encoded     []byte
	orientation int // overrides the image's own unless 0
}

// outcome is the result for an image, or an error that concerns only the image.
type outcome struct {
	result classify.Result
	err    error
}

// classify admits the images of a request, or rejects all of them, and waits until
// all are classified. The error is one of the server, a timeout or a cancellation.
func (s *Server) classify(ctx context.Context, images []requestImage) ([]outcome, error) {
	if err := s.checkImages(images); err != nil {
		return nil, err
	}
	n := int64(len(images))
	if !s.queue.TryAcquire(n) {
		return nil, errBusy
	}
	s.metrics.queue.Add(float64(n))
	defer func() {
		s.metrics.queue.Sub(float64(n))
		s.queue.Release(n)
	}()
	outcomes := make([]outcome, len(images))
	g, ctx := errgroup.WithContext(ctx)
	for i, image := range images {
		g.Go(func() error {
			o := &outcomes[i]
			o.result, o.err = s.classifyOne(ctx, image)
			s.metrics.image(o.err)
			if isServerError(o.err) {
				return o.err
			}
			return nil
		})
	}
	return outcomes, g.Wait()
}

// isServerError reports whether err is an error of the server, a timeout, or a client that disconnected.
func isServerError(err error) bool {
	return err != nil && (statusOf(err) >= http.StatusInternalServerError || statusOf(err) == statusClientClosedRequest)
}

func (s *Server) classifyOne(ctx context.Context, image requestImage) (classify.Result, error) {
	if err := s.decoded.Acquire(ctx, 1); err != nil {
		return classify.Result{}, err
	}
	defer s.decoded.Release(1)
	if err := s.decoders.Acquire(ctx, 1); err != nil {
		return classify.Result{}, err
	}
	prepared, err := s.model.Prepare(ctx, classify.FromBytes(image.encoded).Oriented(image.orientation))
	s.decoders.Release(1)
	if err != nil {
		return classify.Result{}, err
	}
	return s.batcher.classify(ctx, prepared)
}

// checkImages rejects a request with too many images or too many pixels in total.
// It does not count images with invalid headers.
func (s *Server) checkImages(images []requestImage) error {
	if n := len(images); n > s.config.MaxImages {
		return tooManyImages(s.config.MaxImages)
	}
	var pixels int64
	for _, image := range images {
		h, err := input.Check(bytes.NewReader(image.encoded), int64(len(image.encoded)), s.limits, input.WebP, input.TIFF)
		if err == nil {
			pixels += int64(h.Width) * int64(h.Height)
		}
	}
	if limit := maxImagesPixels * s.config.MaxPixels; pixels > limit {
		return problem{http.StatusRequestEntityTooLarge,
			fmt.Errorf("classify: images too large: got %d pixels in total, want at most %d", pixels, limit)}
	}
	return nil
}

func tooManyImages(limit int) error {
	return problem{http.StatusRequestEntityTooLarge, fmt.Errorf("classify: too many images: want at most %d per request", limit)}
}
