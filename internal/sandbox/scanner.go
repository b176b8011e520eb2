package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"alexnet/alexnet"
	"alexnet/input"
)

// Options say what a [Scanner] decodes and what that may cost. Contract and
// Fast are required.
type Options struct {
	Preprocessing alexnet.Preprocessing // what images become
	Limits        input.Limits
	// Fast decodes, in this process, an image that has passed.
	Fast func(ctx context.Context, ex input.Example, into []float32) error

	Dir            string       // where verdicts are kept; "": nowhere
	IgnoreVerdicts bool         // try every image, whatever its verdict
	Workers        int          // children at most; GOMAXPROCS
	Seconds        float64      // of computing that any image may take, a 10-megapixel one a second more; 5
	Memory         int64        // bytes that any image may take, and 16 for each pixel more; 512 MiB
	Note           func(string) // is told what a user may want to know
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
	return o
}

// Scanner decodes images in child processes, which start as they are needed.
// It is an [input.Guard]; several calls may run at once.
type Pool struct {
	opt       Options
	slots     chan *child // nil: a child may be started
	verdicts  *verdicts
	noteOnce  sync.Once  // notes that there can be no children
	exclusive sync.Mutex // of who waits until no other child runs
	closed    sync.Once
}

// Open makes a scanner. Where [Main] was not called, or a child cannot be
// started, images are decoded in this process, and a note says so. The caller
// closes the scanner.
func Open(o Options) (*Pool, error) {
	if err := o.Limits.Validate(); err != nil {
		return nil, fmt.Errorf("open scanner: %w", err)
	}
	if o.Fast == nil || o.Workers < 0 || o.Seconds < 0 || o.Memory < 0 {
		return nil, errors.New("open scanner: got no Fast, or a negative number, want Fast and no number below 0")
	}
	s := &Pool{opt: o.withDefaults()}
	s.slots = make(chan *child, s.opt.Workers)
	for range s.opt.Workers {
		s.slots <- nil
	}
	s.verdicts = openVerdicts(s.opt.Dir, s.opt.Note)
	return s, nil
}

// Close ends the children and keeps what was found. No call may be running, and
// none may follow but Close.
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

// Try implements [input.Guard]. An image whose verdict is known is not read.
func (s *Pool) Try(ctx context.Context, ex input.Example) error {
	return s.decode(ctx, ex, nil)
}

// Load implements [input.Guard]. An image that has passed is decoded in this
// process.
func (s *Pool) Load(ctx context.Context, ex input.Example, into []float32) error {
	return s.decode(ctx, ex, into)
}

// judge finds the verdict on an image, and its floats where into is not nil.
func (s *Pool) decode(ctx context.Context, ex input.Example, into []float32) error {
	mark := markOf(ex.Path)
	if v, ok := s.known(ex.Path, mark); ok {
		return s.applyVerdict(ctx, v, ex, into)
	}
	encoded, h, err := input.ReadStored(ex, s.opt.Limits)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(encoded)
	if v, ok := s.verdicts.on(sum); ok && !s.opt.IgnoreVerdicts {
		s.verdicts.add(ex.Path, mark, sum, v)
		return s.applyVerdict(ctx, v, ex, into)
	}
	q := request{Size: len(encoded), Format: h.Format, Pixels: int64(h.Width) * int64(h.Height), Flipped: ex.Mirrored, WantFloats: into != nil}
	a, err := s.ask(ctx, q, encoded, into)
	var crashed *crash
	var none *unavailable
	switch {
	case errors.As(err, &none):
		return s.decodeInProcess(ctx, ex, into, none)
	case errors.As(err, &crashed):
		s.verdicts.forget(sum)
		return &input.Error{Op: "decode image", Path: ex.Path, Err: refusal{crashed.reason, input.ErrDamaged}, Hint: crashed.hint()}
	case err != nil:
		return err
	}
	if !errors.Is(a.error(ex.Path), input.ErrTooLarge) { // by limits that may be others the next time
		s.verdicts.add(ex.Path, mark, sum, a)
	}
	return a.error(ex.Path)
}

// known is the verdict on the file at path if it has not changed since.
func (s *Pool) known(path string, m mark) (response, bool) {
	if s.opt.IgnoreVerdicts {
		return response{}, false
	}
	return s.verdicts.of(path, m)
}

// believe acts on a verdict that was found before.
func (s *Pool) applyVerdict(ctx context.Context, v response, ex input.Example, into []float32) error {
	if err := v.error(ex.Path); err != nil || into == nil {
		return err
	}
	return s.opt.Fast(ctx, ex, into)
}

// inProcess is what is left where there are no children.
func (s *Pool) decodeInProcess(ctx context.Context, ex input.Example, into []float32, why error) error {
	s.noteOnce.Do(func() {
		s.opt.Note(fmt.Sprintf("images are decoded in this process, which one that makes a decoder crash would end: %v", why))
	})
	if into == nil {
		into = make([]float32, s.opt.Preprocessing.Size*s.opt.Preprocessing.Size*3)
	}
	return s.opt.Fast(ctx, ex, into)
}

// unavailable says why there is no child.
type unavailable struct{ error }

var errNoMain = errors.New("the program does not call scan.Main first")

// ask has a child decode an image. One that dies over it is replaced and asked
// once more, in case the image was not to blame; what takes too long will
// again. One that another has killed is replaced a second time, alone. Where none
// can be had in its place, the crash stands: this process does not try an image
// that has ended another. The error is a *crash, an *unavailable, or ctx's.
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

// take waits for a child that has nothing to do, or for leave to start one: nil.
func (s *Pool) acquire(ctx context.Context) (*child, error) {
	select {
	case c := <-s.slots:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// askAlone asks once more, as one has died, while there is no other child.
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

// tries asks a child, or one in its place, as often as may be until it answers;
// died is how one has ended before, if any. It returns the child that lives.
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
