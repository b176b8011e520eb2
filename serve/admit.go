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

// picture is an encoded picture of a request.
type picture struct {
	encoded     []byte
	orientation int // to see it by, 0 for its own
}

// outcome is what became of a picture; err is of the picture alone.
type outcome struct {
	result classify.Result
	err    error
}

// classify admits the pictures of a request, or refuses them all at once, and
// waits until the last is classified. The error is of the server or the time.
func (s *Server) classify(ctx context.Context, pictures []picture) ([]outcome, error) {
	if err := s.weigh(pictures); err != nil {
		return nil, err
	}
	if !s.places.take(int64(len(pictures))) {
		return nil, errBusy
	}
	defer s.places.give(int64(len(pictures)))
	outcomes := make([]outcome, len(pictures))
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range pictures {
		g.Go(func() error {
			o := &outcomes[i]
			o.result, o.err = s.classifyOne(ctx, p)
			s.metrics.picture(o.err)
			if notOfPicture(o.err) {
				return o.err
			}
			return nil
		})
	}
	return outcomes, g.Wait()
}

// notOfPicture holds for errors of the server, the time, or a client that left.
func notOfPicture(err error) bool {
	return err != nil && (statusOf(err) >= http.StatusInternalServerError || statusOf(err) == statusGone)
}

func (s *Server) classifyOne(ctx context.Context, p picture) (classify.Result, error) {
	if err := enter(ctx, s.decoded); err != nil {
		return classify.Result{}, err
	}
	defer leave(s.decoded)
	if err := enter(ctx, s.decoders); err != nil {
		return classify.Result{}, err
	}
	prepared, err := s.model.Prepare(ctx, classify.FromBytes(p.encoded).Oriented(p.orientation))
	leave(s.decoders)
	if err != nil {
		return classify.Result{}, err
	}
	return s.batcher.classify(ctx, prepared)
}

// enter waits for one of the places; who came first is first.
func enter(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leave(places chan struct{}) { <-places }

// weigh refuses a request of too many pictures or, together, too large ones.
// Those that cannot be read weigh nothing.
func (s *Server) weigh(pictures []picture) error {
	if n := len(pictures); n > s.config.MaxPictures {
		return tooMany(s.config.MaxPictures)
	}
	var pixels int64
	for _, p := range pictures {
		h, err := input.Check(bytes.NewReader(p.encoded), int64(len(p.encoded)), s.limits, input.WebP, input.TIFF)
		if err == nil {
			pixels += int64(h.Width) * int64(h.Height)
		}
	}
	if most := ofRequest * s.config.MaxPixels; pixels > most {
		return problem{http.StatusRequestEntityTooLarge,
			fmt.Errorf("classify: the pictures are too large: got %d pixels in all, want at most %d", pixels, most)}
	}
	return nil
}

func tooMany(most int) error {
	return problem{http.StatusRequestEntityTooLarge, fmt.Errorf("classify: got too many pictures, want at most %d in a request", most)}
}
