package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/content"
)

// Options configure a [Pool]. Preprocessing and Fast are required.
type Options struct {
	Preprocessing alexnet.Preprocessing // of the decoded images
	Limits        input.Limits
	// Fast decodes in this process; it is called for images that have passed.
	Fast func(ctx context.Context, ex input.Example, draw uint64, into []float32) error

	Dir            string         // where verdicts are stored; "": nowhere
	Contents       *content.Index // of the images; default: the one in Dir
	IgnoreVerdicts bool           // decode every image again
	Workers        int            // maximum number of children; default GOMAXPROCS
	Seconds        float64        // CPU time limit per image, plus a second per 10 megapixels; default 5
	Memory         int64          // limit in bytes per image, plus 16 per pixel; default 512 MiB
	Note           func(string)   // receives messages for the user
	// Warn receives what the decoder printed about an image that passes, each time that it passes, one call at a time.
	Warn func(path, warning string)
}

func (o Options) withDefaults() Options {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Seconds == 0 {
		o.Seconds = 5
	}
	if o.Memory == 0 {
		o.Memory = 512 << 20
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Warn == nil {
		o.Warn = func(_, _ string) {}
	}
	return o
}

// Pool decodes images in child processes, started on demand. It is an [input.Sandbox] and safe for concurrent use.
type Pool struct {
	opt       Options
	slots     chan *child // nil: a child may be started
	verdicts  *verdicts
	contents  *content.Index
	noteOnce  sync.Once  // for the note that children are unavailable
	exclusive sync.Mutex // held while a child runs with no other beside it
	warnLock  sync.Mutex // held while Warn is called
	closed    sync.Once
}

// Verify decodes every example of the loader once in a Pool and returns those that fail.
func Verify[B input.Buffer](ctx context.Context, o Options, loader *input.Loader[B]) ([]input.Excluded, error) {
	o.Limits, o.Fast = loader.Limits, loader.Load
	pool, err := Open(o)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	guarded := *loader
	guarded.Sandbox = pool
	return guarded.Verify(ctx)
}

// Open makes a Pool, which the caller closes. If [Main] was not called, or no child
// can be started, images are decoded in this process and a note says so.
func Open(o Options) (*Pool, error) {
	if err := o.Limits.Validate(); err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	if o.Fast == nil || o.Workers < 0 || o.Seconds < 0 || o.Memory < 0 {
		return nil, errors.New("open sandbox: got no Fast or a negative limit, want Fast and limits from 0")
	}
	s := &Pool{opt: o.withDefaults()}
	s.slots = make(chan *child, s.opt.Workers)
	for range s.opt.Workers {
		s.slots <- nil
	}
	s.contents = s.opt.Contents
	if s.contents == nil {
		s.contents = content.Open(s.opt.Dir, s.opt.Note)
	}
	s.verdicts = openVerdicts(s.opt.Dir, s.contents, s.opt.Note)
	return s, nil
}

// Close ends the children and saves the verdicts. No call may be running, and none may follow but Close.
func (s *Pool) Close() {
	s.closed.Do(func() {
		for range s.opt.Workers {
			if c := <-s.slots; c != nil {
				c.close()
			}
		}
		s.verdicts.save()
	})
}

// Try implements [input.Sandbox]. An image whose verdict is known is not read.
func (s *Pool) Try(ctx context.Context, ex input.Example) error {
	return s.decode(ctx, ex, 0, nil)
}

// Load implements [input.Sandbox]. An image that has passed before is decoded in this process.
func (s *Pool) Load(ctx context.Context, ex input.Example, draw uint64, into []float32) error {
	return s.decode(ctx, ex, draw, into)
}

// decode finds the verdict on an image and, unless into is nil, its floats.
func (s *Pool) decode(ctx context.Context, ex input.Example, draw uint64, into []float32) error {
	stamp := content.StampOf(ex.Path)
	hash, known := s.contents.At(ex.Path, stamp)
	if v, ok := s.verdict(hash); known && ok {
		return s.applyVerdict(ctx, v, ex, draw, into)
	}
	encoded, h, err := input.ReadStored(ex, s.opt.Limits)
	if err != nil {
		return err
	}
	if unchanged := content.StampOf(ex.Path) == stamp; !known || !unchanged {
		hash = content.Sum(ex.Path, encoded)
		if unchanged {
			s.contents.Put(ex.Path, stamp, hash)
		}
		if v, ok := s.verdict(hash); ok {
			return s.applyVerdict(ctx, v, ex, draw, into)
		}
	}
	q := request{Size: len(encoded), Format: h.Format, Pixels: int64(h.Width) * int64(h.Height), Draw: draw, WantFloats: into != nil}
	a, err := s.ask(ctx, q, encoded, into)
	var crashed *crash
	var none *unavailable
	switch {
	case errors.As(err, &none):
		return s.decodeInProcess(ctx, ex, draw, into, none)
	case errors.As(err, &crashed):
		s.verdicts.forget(hash)
		return &input.Error{Op: "decode image", Path: ex.Path, Err: refusal{crashed.reason, input.ErrDamaged}, Hint: crashed.hint()}
	case err != nil:
		return err
	}
	if !errors.Is(a.error(ex.Path), input.ErrTooLarge) { // the limits may differ next time
		s.verdicts.add(hash, a)
	}
	s.warn(ex, a)
	return a.error(ex.Path)
}

// verdict is the stored verdict on a content, unless it is to be ignored.
func (s *Pool) verdict(h content.Hash) (response, bool) {
	if s.opt.IgnoreVerdicts {
		return response{}, false
	}
	return s.verdicts.get(h)
}

// applyVerdict acts on a verdict found earlier.
func (s *Pool) applyVerdict(ctx context.Context, v response, ex input.Example, draw uint64, into []float32) error {
	s.warn(ex, v)
	if err := v.error(ex.Path); err != nil || into == nil {
		return err
	}
	return s.opt.Fast(ctx, ex, draw, into)
}

func (s *Pool) warn(ex input.Example, r response) {
	if r.Warning == "" {
		return
	}
	s.warnLock.Lock()
	defer s.warnLock.Unlock()
	s.opt.Warn(ex.Path, r.Warning)
}

// decodeInProcess is the fallback when children are unavailable.
func (s *Pool) decodeInProcess(ctx context.Context, ex input.Example, draw uint64, into []float32, why error) error {
	s.noteOnce.Do(func() {
		s.opt.Note(fmt.Sprintf("sandbox unavailable, decoding in-process (an image that crashes the decoder ends the program): %v", why))
	})
	if into == nil {
		into = make([]float32, s.opt.Preprocessing.Size*s.opt.Preprocessing.Size*3)
	}
	return s.opt.Fast(ctx, ex, draw, into)
}

// unavailable says why no child can be started.
type unavailable struct{ error }

var errNoMain = errors.New("the program does not call sandbox.Main first")

// ask has a child decode an image. A child that crashes is replaced and asked once more, in case the image was not the
// cause; a timeout is final. If something outside killed the child, the image is tried a third time with no other child
// running. If no replacement can be started, the crash is final: this process never decodes an image that crashed a
// child. The error is a *crash, an *unavailable, or ctx's.
func (s *Pool) ask(ctx context.Context, q request, encoded []byte, into []float32) (a response, err error) {
	if !Available() {
		return a, &unavailable{errNoMain}
	}
	c, err := s.acquire(ctx)
	if err != nil {
		return a, err
	}
	c, a, err = s.askWithRetry(ctx, 2, c, nil, q, encoded, into)
	s.slots <- c
	if died := new(crash); errors.As(err, &died) && died.killedByOther {
		return s.askExclusively(ctx, died, q, encoded, into)
	}
	return a, err
}

// acquire waits for an idle child, or for a slot in which to start one: nil.
func (s *Pool) acquire(ctx context.Context) (*child, error) {
	select {
	case c := <-s.slots:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// askExclusively asks once more, after a crash, while no other child runs.
func (s *Pool) askExclusively(ctx context.Context, died *crash, q request, encoded []byte, into []float32) (a response, err error) {
	s.exclusive.Lock()
	defer s.exclusive.Unlock()
	for range s.opt.Workers {
		c, err := s.acquire(ctx)
		if err != nil {
			return a, err
		}
		defer func() { s.slots <- nil }()
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
func (s *Pool) askWithRetry(ctx context.Context, most int, c *child, died *crash, q request, encoded []byte, into []float32) (_ *child, a response, err error) {
	for range most {
		if c == nil {
			if c, err = start(ctx, job{s.opt.Preprocessing, s.opt.Limits, s.opt.Memory, s.opt.Seconds}); err != nil {
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
