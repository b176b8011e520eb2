package sandbox

import (
	"context"
	"errors"
	"fmt"
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
	if o.Seconds == 0 {
		o.Seconds = 5
	}
	if o.Memory == 0 {
		o.Memory = 512 << 20
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	var lock sync.Mutex
	warn := o.Warn
	o.Warn = func(path, warning string) {
		if warn == nil || warning == "" {
			return
		}
		lock.Lock()
		defer lock.Unlock()
		warn(path, warning)
	}
	return o
}

// children are those that o describes; o has its defaults.
func (o Options) children() *children {
	return newChildren(job{o.Preprocessing, o.Limits, o.Memory, o.Seconds}, o.Workers)
}

// Pool decodes images in child processes, started on demand. It is an [input.Sandbox] and safe for concurrent use.
type Pool struct {
	opt      Options
	children *children
	verdicts *verdicts
	contents *content.Index
	closed   sync.Once
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
	s.children = s.opt.children()
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
		s.children.close()
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
	if v, ok := s.verdict(hash, into); known && ok {
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
		if v, ok := s.verdict(hash, into); ok {
			return s.applyVerdict(ctx, v, ex, draw, into)
		}
	}
	q := request{Size: len(encoded), Header: h, Draw: draw, WantFloats: into != nil}
	a, err := s.children.ask(ctx, q, encoded, into)
	var crashed *crash
	var none *unavailable
	switch {
	case errors.As(err, &none):
		return s.decodeInProcess(ctx, ex, draw, into, none)
	case errors.As(err, &crashed):
		s.verdicts.forget(hash)
		return &input.Error{Op: "decode image", Path: ex.Path, Err: crashed.refusal(), Hint: crashed.hint()}
	case err != nil:
		return err
	}
	if !errors.Is(a.error(ex.Path), input.ErrTooLarge) { // the limits may differ next time
		s.verdicts.add(hash, a)
	}
	s.opt.Warn(ex.Path, a.Warning)
	return a.error(ex.Path)
}

// verdict is the stored verdict on a content, unless a child has to decode it: it is to be ignored, or floats are wanted of
// an image with a warning, which this process's decoder would print.
func (s *Pool) verdict(h content.Hash, into []float32) (response, bool) {
	if s.opt.IgnoreVerdicts {
		return response{}, false
	}
	v, ok := s.verdicts.get(h)
	return v, ok && (v.Warning == "" || into == nil)
}

// applyVerdict acts on a verdict found earlier.
func (s *Pool) applyVerdict(ctx context.Context, v response, ex input.Example, draw uint64, into []float32) error {
	s.opt.Warn(ex.Path, v.Warning)
	if err := v.error(ex.Path); err != nil || into == nil {
		return err
	}
	return s.opt.Fast(ctx, ex, draw, into)
}

// decodeInProcess is the fallback when children are unavailable.
func (s *Pool) decodeInProcess(ctx context.Context, ex input.Example, draw uint64, into []float32, why error) error {
	s.children.noteUnavailable(s.opt.Note, why)
	if into == nil {
		into = make([]float32, s.opt.Preprocessing.Size*s.opt.Preprocessing.Size*3)
	}
	return s.opt.Fast(ctx, ex, draw, into)
}
