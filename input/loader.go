package input

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
)

// Buffer is the memory of one batch's images, in Go or elsewhere.
type Buffer interface {
	Row(i int) []float32 // the floats of the i-th image; rows do not overlap
	Close()              // gives the memory back; called once
}

// Batch is some images that follow each other in the order. It belongs to
// the consumer, who closes Images.
type Batch[B Buffer] struct {
	Images   B
	Labels   []int32   // one a image, -1 where none is known
	Examples []Example // one a image
	Start    int       // position in the order of the first image
}

// DefaultAhead is how many batches a [Loader] has in the making.
const DefaultAhead = 2

// Loader reads, decodes and batches images. Examples, Batch, Alloc and
// Decode are required. It holds no state: several sequences may run at once.
type Loader[B Buffer] struct {
	Examples []Example
	Batch    int // images in a batch, the last of a sequence excepted
	Workers  int // goroutines that read and decode; default GOMAXPROCS
	Ahead    int // batches in the making beside the one in use; DefaultAhead

	// Alloc returns a buffer of so many rows. Calls never overlap within a
	// sequence.
	Alloc func(rows int) (B, error)
	// Decode fills into from an encoded JPEG, PNG, GIF or BMP, turned upright by
	// ex.Orientation and then augmented by draw. Several calls run at once. Encoded
	// may be reused once it returns.
	Decode func(ctx context.Context, encoded []byte, ex Example, draw uint64, into []float32) error

	// Failed is told of each image that cannot be read or decoded, by its place
	// in the order; zeros stand for it in its batch. Without Failed the first such
	// image ends the sequence. It is called by whoever asks for the batch.
	Failed func(place int, err error)

	// Limits refuses images that have grown since they were checked.
	Limits Limits

	// Guard takes Decode's place for images that may not have been decoded
	// before: in Verify, and in the batches of [Loader.Guarded]. Nil: nobody does.
	Sandbox Sandbox

	guarded bool
}

// Guard reads and decodes images where a decoder that crashes or hangs costs
// its image and nothing else. Several calls run at once. Errors are as those
// of [Loader.Load].
type Sandbox interface {
	Try(ctx context.Context, ex Example) error                               // whether it can be decoded
	Load(ctx context.Context, ex Example, draw uint64, into []float32) error // the same floats as Decode's
}

// Guarded is l with its Guard, if any, in place of Decode.
func (l *Loader[B]) Sandboxed() *Loader[B] {
	guarded := *l
	guarded.guarded = l.Sandbox != nil
	return &guarded
}

func (l *Loader[B]) validate() error {
	var errs []error
	if l.Batch < 1 {
		errs = append(errs, fmt.Errorf("load batches: got a batch of %d images, want at least 1", l.Batch))
	}
	if l.Alloc == nil || l.Decode == nil {
		errs = append(errs, errors.New("load batches: got no Alloc or no Decode, want both"))
	}
	return errors.Join(append(errs, l.Limits.Validate())...)
}

func (l *Loader[B]) workers() int {
	if l.Workers > 0 {
		return l.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (l *Loader[B]) ahead() int {
	if l.Ahead > 0 {
		return l.Ahead
	}
	return DefaultAhead
}

// Batches yields the images that order picks, batch by batch, in that order, decoding ahead on Workers goroutines while the consumer is busy.
// At most Ahead buffers exist beside those that the consumer holds, and one
// encoded image a worker.
//
// The first image in the order that cannot be read or decoded ends the
// sequence with an [*Error] that names it, instead of its batch, unless Failed
// is there to be told; the end of ctx ends it with ctx.Err(). When the loop is left, in whatever way, all
// goroutines have ended and all buffers not yielded are closed.
func (l *Loader[B]) Batches(ctx context.Context, order []Pick) iter.Seq2[Batch[B], error] {
	return func(yield func(Batch[B], error) bool) {
		err := l.validate()
		for i, p := range order {
			if p.Example < 0 || p.Example >= len(l.Examples) {
				err = errors.Join(err, fmt.Errorf("load batches: got example %d at position %d of the order, want 0 to %d", p.Example, i, len(l.Examples)-1))
				break
			}
		}
		if err != nil {
			yield(Batch[B]{}, err)
			return
		}
		p := start(ctx, l, order)
		defer p.stop()
		for {
			batch, ok, err := p.next()
			if err != nil {
				yield(Batch[B]{}, err)
			}
			if err != nil || !ok || !yield(batch, nil) {
				return
			}
		}
	}
}

// Load reads and decodes one example into a row of its own; several calls may
// run at once. The error is an [*Error] that names the image.
func (l *Loader[B]) Load(ctx context.Context, ex Example, draw uint64, into []float32) error {
	return l.load(ctx, ex, draw, into, new(bytes.Buffer))
}

// load reads and decodes one image into its row.
func (l *Loader[B]) load(ctx context.Context, ex Example, draw uint64, into []float32, buf *bytes.Buffer) error {
	if l.guarded {
		return l.Sandbox.Load(ctx, ex, draw, into)
	}
	encoded, h, err := readImage(ex, l.Limits, buf)
	if err != nil {
		return err
	}
	ex.Header = h
	if err := l.Decode(ctx, encoded, ex, draw, into); err != nil {
		return &Error{Op: "decode image", Path: ex.Path, Err: err}
	}
	return nil
}
