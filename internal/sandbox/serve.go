package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"unsafe"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// testHook is called with each image before it is decoded. Tests inject faults with it.
var testHook func(encoded []byte)

// worker is the child's side.
type worker struct {
	job
	decoder *alexnet.Decoder
	watch   *watchdog
	encoded []byte
	floats  []float32
}

// serve serves requests until in ends, and returns the exit code.
func serve(in io.Reader, out io.Writer) int {
	err := serveRequests(bufio.NewReaderSize(in, 1<<16), out)
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "fatal error:", err)
		return 1
	}
	return 0
}

func serveRequests(in *bufio.Reader, out io.Writer) error {
	w := new(worker)
	if err := receive(in, &w.job); err != nil {
		return err
	}
	var err error
	// One thread: there is one child per core.
	if w.decoder, err = alexnet.NewDecoder(w.Preprocessing, tfgraph.Options{IntraOp: 1, InterOp: 1}); err != nil {
		return err
	}
	defer w.decoder.Close()
	w.floats = make([]float32, w.Preprocessing.Size*w.Preprocessing.Size*3)
	if err := w.warmUp(); err != nil {
		return err
	}
	if w.watch, err = newWatchdog(w.Seconds, w.Memory); err != nil {
		return err
	}
	if err := restrict(); err != nil {
		return err
	}
	if err := send(out, response{}, nil); err != nil {
		return err
	}
	for {
		var q request
		if err := receive(in, &q); err != nil {
			return err
		}
		if err := w.read(in, q.Size); err != nil {
			return err
		}
		if err := w.respond(out, q); err != nil {
			return err
		}
	}
}

// warmUp decodes a pixel in each format. What decoders load and start the first time, files and threads among them, they
// have after it, so that no image needs more than the system calls of restrict.
func (w *worker) warmUp() error {
	pixel := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black})
	var jpegs, pngs, gifs bytes.Buffer
	if err := errors.Join(jpeg.Encode(&jpegs, pixel, nil), png.Encode(&pngs, pixel), gif.Encode(&gifs, pixel, nil)); err != nil {
		return err
	}
	for _, encoded := range [][]byte{jpegs.Bytes(), pngs.Bytes(), gifs.Bytes()} {
		if err := w.decoder.Decode(context.Background(), encoded, input.Example{}, 0, w.floats); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) read(in io.Reader, size int) error {
	if cap(w.encoded) < size {
		w.encoded = make([]byte, size)
	}
	w.encoded = w.encoded[:size]
	_, err := io.ReadFull(in, w.encoded)
	return err
}

// respond decodes one image under the watchdog. An error ends the child: the
// image may not be its cause, so there is no verdict.
func (w *worker) respond(out io.Writer, q request) error {
	if err := w.watch.begin(q.pixels(), int64(q.Size)); err != nil {
		return err
	}
	err := w.decode(q)
	w.watch.end()
	var failed *tfgraph.Error
	switch {
	case errors.As(err, &failed):
		return err
	case err != nil:
		return send(out, responseFor(err), nil)
	case !q.WantFloats:
		return send(out, response{}, nil)
	}
	return send(out, response{Floats: len(w.floats)}, asBytes(w.floats))
}

func (w *worker) decode(q request) (err error) {
	if testHook != nil {
		testHook(w.encoded)
	}
	prepared, h := w.encoded, q.Header
	if !q.Prepared {
		if prepared, h, err = input.Prepare(w.encoded, w.Limits, q.Header.Format); err != nil {
			return err
		}
	}
	err = w.decoder.Decode(context.Background(), prepared, input.Example{Header: h}, q.Draw, w.floats)
	var failed *tfgraph.Error
	if errors.As(err, &failed) && failed.Code == tfgraph.ResourceExhausted {
		return fmt.Errorf("out of memory: %w", err) // see diagnose
	}
	return err
}

func asBytes(floats []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(floats))), 4*len(floats))
}
