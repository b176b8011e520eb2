package input

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
)

// Buffer is the memory of a batch's images, in Go or C.
type Buffer interface {
	Row(i int) []float32 // the values of the i-th image; rows do not overlap
	Close()              // frees the memory; called once
}

// Batch is a batch of consecutive images of the order. It belongs to the consumer, who closes Images.
type Batch[B Buffer] struct {
	Images   B
	Labels   []int32   // one per image, -1 if unknown
	Examples []Example // one per image
	Start    int       // position of the first image in the order
}

// Loader reads, decodes and batches images. Examples, Batch, Alloc and
// Decode are required. It has no state: several iterations may run concurrently.
type Loader[B Buffer] struct {
	Examples []Example
	Batch    int // batch size; the last batch may be smaller
	Workers  int // goroutines that read and decode; default GOMAXPROCS
	Ahead    int // batches to prefetch, at least 1

	// Alloc returns a buffer with the given number of rows. An iteration never calls it concurrently.
	Alloc func(rows int) (B, error)
	// Decode fills into from an encoded JPEG, PNG, GIF or BMP, turned upright by ex.Orientation and then augmented by
	// draw. It is called concurrently. Encoded may be reused after it returns.
	Decode func(ctx context.Context, encoded []byte, ex Example, draw uint64, into []float32) error

	// Failed is called for each image that cannot be read or decoded, with its position in the order; its row in the
	// batch is zero. Without Failed the first such image ends the iteration. It is called on the consumer's goroutine.
	Failed func(position int, err error)

	// Limits rejects images that have grown since they were checked.
	Limits Limits

	// Sandbox, if not nil, replaces Decode for images that may not have been decoded
	// before: in Verify, and in the batches of [Loader.Sandboxed].
	Sandbox sandbox

	sandboxed bool
}

// sandbox reads and decodes images in isolation: a decoder that crashes or hangs fails
// only its image. It is safe for concurrent use. Errors are those of [Loader.Load].
type sandbox interface {
	Try(ctx context.Context, ex Example) error                               // checks that it can be decoded
	Load(ctx context.Context, ex Example, draw uint64, into []float32) error // the same values as Decode
}

// Sandboxed returns a loader that uses the Sandbox, if any, instead of Decode.
func (l *Loader[B]) Sandboxed() *Loader[B] {
	sandboxed := *l
	sandboxed.sandboxed = l.Sandbox != nil
	return &sandboxed
}

func (l *Loader[B]) validate() error {
	var errs []error
	if l.Batch < 1 {
		errs = append(errs, fmt.Errorf("load batches: got batch size %d, want at least 1", l.Batch))
	}
	if l.Alloc == nil || l.Decode == nil {
		errs = append(errs, errors.New("load batches: want both Alloc and Decode"))
	}
	return errors.Join(append(errs, l.Limits.Validate())...)
}

func (l *Loader[B]) workers() int { return cmp.Or(max(l.Workers, 0), runtime.GOMAXPROCS(0)) }

func (l *Loader[B]) ahead() int { return max(l.Ahead, 1) }

// Batches yields the picked images in batches, in that order, and decodes ahead on Workers goroutines. At most Ahead
// buffers exist besides those that the consumer holds, and one encoded image per worker.
//
// Unless Failed is set, the first image in the order that cannot be read or decoded ends the iteration with an [*Error]
// that names it, instead of its batch. The end of ctx ends it with ctx.Err(). After the loop, all goroutines have ended
// and all buffers that were not yielded are closed.
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

// Load reads and decodes one example. It is safe for concurrent use. The error is an [*Error] that names the image.
func (l *Loader[B]) Load(ctx context.Context, ex Example, draw uint64, into []float32) error {
	return l.load(ctx, ex, draw, into, new(bytes.Buffer))
}

// load reads and decodes one image into its row.
func (l *Loader[B]) load(ctx context.Context, ex Example, draw uint64, into []float32, buf *bytes.Buffer) error {
	if l.sandboxed {
		return l.Sandbox.Load(ctx, ex, draw, into)
	}
	encoded, h, err := readImage(ex, l.Limits, buf)
	if err != nil {
		return err
	}
	ex.Header = h
	if err := l.Decode(ctx, encoded, ex, draw, into); err != nil {
		return newError("decode image", ex.Path, err)
	}
	return nil
}
