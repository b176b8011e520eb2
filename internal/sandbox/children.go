package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// children are child processes that do the same job, started on demand. They are safe for concurrent use.
type children struct {
	job       job
	idle      chan *child
	startable chan struct{} // one for each child that may be started
	exclusive sync.Mutex    // held while a child runs with no other beside it
	noteOnce  sync.Once
}

// newChildren allows n children, 0 for one a core.
func newChildren(j job, n int) *children {
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	s := &children{job: j, idle: make(chan *child, n), startable: make(chan struct{}, n)}
	for range n {
		s.startable <- struct{}{}
	}
	return s
}

// start starts n more children, so that the first images do not wait for theirs. No other call may be running.
func (s *children) start(ctx context.Context, n int) error {
	if !Available() {
		return &unavailable{errNoMain}
	}
	var g errgroup.Group
	for range min(n, len(s.startable)) {
		<-s.startable
		g.Go(func() error {
			c, err := start(ctx, s.job)
			s.release(c)
			return err
		})
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return &unavailable{err}
	}
	return ctx.Err()
}

// close ends the children. No call may be running, and none may follow.
func (s *children) close() {
	for len(s.idle) > 0 {
		(<-s.idle).close()
	}
}

// unavailable says why no child can be started.
type unavailable struct{ error }

// noteUnavailable says once that images are decoded without children.
func (s *children) noteUnavailable(note func(string), why error) {
	s.noteOnce.Do(func() {
		note(fmt.Sprintf("sandbox unavailable, decoding in-process (an image that crashes the decoder ends the program): %v", why))
	})
}

var errNoMain = errors.New("the program does not call sandbox.Main first")

// ask has a child decode an image. A child that crashes is replaced and asked once more, in case the image was not the
// cause; a timeout is final. If something outside killed the child, the image is tried a third time with no other child
// running. If no replacement can be started, the crash is final: this process never decodes an image that crashed a
// child. The error is a *crash, an *unavailable, or ctx's.
func (s *children) ask(ctx context.Context, q request, encoded []byte, into []float32) (a response, err error) {
	if !Available() {
		return a, &unavailable{errNoMain}
	}
	c, err := s.acquire(ctx)
	if err != nil {
		return a, err
	}
	c, a, err = s.askWithRetry(ctx, 2, c, nil, q, encoded, into)
	s.release(c)
	if died := new(crash); errors.As(err, &died) && died.killedByOther {
		return s.askExclusively(ctx, died, q, encoded, into)
	}
	return a, err
}

// acquire returns an idle child, or nil if there is none and one may be started; else it waits.
func (s *children) acquire(ctx context.Context) (*child, error) {
	select {
	case c := <-s.idle:
		return c, nil
	default:
	}
	select {
	case c := <-s.idle:
		return c, nil
	case <-s.startable:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// release ends what acquire began, with a child, or nil if none runs.
func (s *children) release(c *child) {
	if c == nil {
		s.startable <- struct{}{}
		return
	}
	s.idle <- c
}

// askExclusively asks once more, after a crash, while no other child runs.
func (s *children) askExclusively(ctx context.Context, died *crash, q request, encoded []byte, into []float32) (a response, err error) {
	s.exclusive.Lock()
	defer s.exclusive.Unlock()
	for range cap(s.idle) {
		c, err := s.acquire(ctx)
		if err != nil {
			return a, err
		}
		defer s.release(nil)
		if c != nil {
			c.close()
		}
	}
	c, a, err := s.askWithRetry(ctx, 1, nil, died, q, encoded, into)
	if c != nil {
		c.close()
	}
	return a, err
}

// askWithRetry asks a child, or its replacement, up to the given number of times;
// died is an earlier crash, if any. It returns the child that is still running.
func (s *children) askWithRetry(ctx context.Context, most int, c *child, died *crash, q request, encoded []byte, into []float32) (_ *child, a response, err error) {
	for range most {
		if c == nil {
			if c, err = start(ctx, s.job); err != nil {
				switch {
				case ctx.Err() != nil:
					return nil, a, ctx.Err()
				case died != nil:
					return nil, a, died
				}
				return nil, a, &unavailable{err}
			}
		}
		if a, err = c.ask(ctx, q, encoded, into); err == nil {
			return c, a, nil
		}
		died, c = c.end(), nil
		if ctx.Err() != nil {
			return nil, a, ctx.Err()
		}
		if died.timedOut {
			break
		}
	}
	return nil, a, died
}
