package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// trap is called on each picture before it is decoded. Tests do harm with it.
var trap func(encoded []byte)

// worker is a child's side.
type worker struct {
	job
	decoder *alexnet.Decoder
	watch   *watch
	encoded []byte
	floats  []float32
}

// serve answers questions until there are no more, and returns the exit code.
func serve(in io.Reader, out io.Writer) int {
	err := answerAll(bufio.NewReaderSize(in, 1<<16), out)
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "fatal error:", err)
		return 1
	}
	return 0
}

func answerAll(in *bufio.Reader, out io.Writer) error {
	w := new(worker)
	if err := receive(in, &w.job); err != nil {
		return err
	}
	var err error
	// One thread: there is a child for each core.
	if w.decoder, err = alexnet.NewDecoder(w.Contract, tfgraph.Options{IntraOp: 1, InterOp: 1}); err != nil {
		return err
	}
	defer w.decoder.Close()
	w.floats = make([]float32, w.Contract.Size*w.Contract.Size*3)
	w.watch = newWatch(w.Seconds, w.Memory)
	if err := send(out, answer{}, nil); err != nil {
		return err
	}
	for {
		var q question
		if err := receive(in, &q); err != nil {
			return err
		}
		if err := w.read(in, q.Size); err != nil {
			return err
		}
		if err := w.answer(out, q); err != nil {
			return err
		}
	}
}

func (w *worker) read(in io.Reader, size int) error {
	if cap(w.encoded) < size {
		w.encoded = make([]byte, size)
	}
	w.encoded = w.encoded[:size]
	_, err := io.ReadFull(in, w.encoded)
	return err
}

// answer decodes one picture under the watch. An error ends the child: it may
// be no fault of the picture's, so that there is no verdict.
func (w *worker) answer(out io.Writer, q question) error {
	if err := w.watch.begin(q.Pixels, int64(q.Size)); err != nil {
		return err
	}
	err := w.decode(q)
	w.watch.end()
	var failed *tfgraph.Error
	switch {
	case errors.As(err, &failed):
		return err
	case err != nil:
		return send(out, refuse(err), nil)
	case !q.Give:
		return send(out, answer{}, nil)
	}
	return send(out, answer{Floats: len(w.floats)}, bytesOf(w.floats))
}

func (w *worker) decode(q question) error {
	if trap != nil {
		trap(w.encoded)
	}
	prepared, h, err := input.Prepare(w.encoded, w.Limits, q.Format)
	if err != nil {
		return err
	}
	view := alexnet.ImageInfo{Orientation: h.Orientation, Flipped: q.Mirrored, Width: h.Width, Height: h.Height}
	return judged(w.decoder.Decode(context.Background(), prepared, view, w.floats))
}

// judged tells a damaged picture from what an intact one may meet with too.
func judged(err error) error {
	var failed *tfgraph.Error
	switch words := tfgraph.BadInput(err); {
	case words != "":
		return fmt.Errorf("%w: %s", input.ErrDamaged, words)
	case errors.As(err, &failed) && failed.Code == tfgraph.ResourceExhausted:
		return fmt.Errorf("out of memory: %w", err) // see diagnose
	}
	return err
}

func bytesOf(floats []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(floats))), 4*len(floats))
}
