package sandbox

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"alexnet/input"
	"alexnet/internal/hint"
	"alexnet/internal/testmodel"
)

// openDecoder opens a Decoder of two children, closed with the test.
func openDecoder(t *testing.T, change func(*Options)) *Decoder {
	t.Helper()
	o := Options{Preprocessing: preprocessing(side), Workers: 2, Note: func(text string) { t.Error(text) }}
	if change != nil {
		change(&o)
	}
	d := NewDecoder(o)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

// decode decodes as package classify does.
func decode(ctx context.Context, d *Decoder, encoded []byte) ([]float32, error) {
	prepared, h, err := input.Prepare(encoded, input.Limits{})
	if err != nil {
		return nil, err
	}
	floats := row()
	return floats, d.Decode(ctx, prepared, input.Example{Path: "a.jpg", Header: h}, 0, floats)
}

// A Decoder's values are bit-identical to those of this process, whatever the format and the orientation.
func TestDecoderValues(t *testing.T) {
	d := openDecoder(t, nil)
	must(t, d.Start(t.Context(), 2))
	_, here := localLoader(t)
	for i, encoded := range [][]byte{testmodel.JPEG(1), testmodel.Turned(2, 6), faultyImage(t, "nothing")} {
		got, err := decode(t.Context(), d, encoded)
		must(t, err)
		want := row()
		must(t, here.Load(t.Context(), writeImage(t, "image", encoded), 0, want))
		if !slices.Equal(got, want) {
			t.Errorf("image %d: values differ from this process's", i)
		}
	}
	prepared, h, err := input.Prepare(testmodel.JPEG(1), input.Limits{})
	must(t, err)
	h.Orientation = 6 // in place of the image's own
	got, want := row(), row()
	must(t, d.Decode(t.Context(), prepared, input.Example{Header: h}, 0, got))
	must(t, here.Decode(t.Context(), prepared, input.Example{Header: h}, 0, want))
	if !slices.Equal(got, want) {
		t.Error("values of another orientation differ from this process's")
	}
}

// An image that crashes, hangs or damages a decoder is refused with a hint, and the next one is decoded.
func TestDecoderSurvives(t *testing.T) {
	d := openDecoder(t, func(o *Options) { o.Workers, o.Seconds = 1, .2 })
	whole := testmodel.JPEG(1)
	cases := map[string][]byte{
		"crashes the decoder": faultyImage(t, "segmentation fault"),
		"takes too long":      faultyImage(t, "loop"),
		"killed":              faultyImage(t, "killed"),
		"is damaged":          slices.Concat(whole[:300], make([]byte, 40), whole[len(whole)-2:]),
	}
	for want, encoded := range cases {
		_, err := decode(t.Context(), d, encoded)
		if !errors.Is(err, input.ErrDamaged) || !strings.Contains(err.Error(), want) && want != "is damaged" {
			t.Errorf("%s: got %v, want it refused as damaged", want, err)
		}
		if want != "is damaged" && hint.Of(err) == "" {
			t.Errorf("%s: got no hint with %v", want, err)
		}
		if _, err := decode(t.Context(), d, whole); err != nil {
			t.Errorf("the image after one that %s: got %v, want it decoded", want, err)
		}
	}
}

// What a decoder prints about an image is reported with the image's path.
func TestDecoderWarns(t *testing.T) {
	warnings := map[string]string{}
	d := openDecoder(t, func(o *Options) { o.Warn = func(path, warning string) { warnings[path] = warning } })
	_, err := decode(t.Context(), d, testmodel.Half(1))
	must(t, err)
	if !strings.Contains(warnings["a.jpg"], "Corrupt JPEG data") {
		t.Errorf("got warnings %q, want one about a.jpg", warnings)
	}
}

// The end of a call's context does not cost the child: a client that disconnects would slow down the others.
func TestDecoderCanceled(t *testing.T) {
	d := openDecoder(t, func(o *Options) { o.Workers = 1 })
	_, err := decode(t.Context(), d, testmodel.JPEG(1))
	must(t, err)
	before := <-d.children.idle
	d.children.release(before)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, err := decode(ctx, d, testmodel.JPEG(1)); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	time.AfterFunc(cancelDelay, func() {}) // kills are due by then
	_, err = decode(t.Context(), d, testmodel.JPEG(1))
	must(t, err)
	after := <-d.children.idle
	d.children.release(after)
	if after != before {
		t.Error("got another child, want the one from before")
	}
}

// Without children, images are decoded in this process, and one note says so.
func TestDecoderWithoutChildren(t *testing.T) {
	ready.Store(false)
	defer ready.Store(true)
	var notes []string
	d := openDecoder(t, func(o *Options) { o.Note = func(text string) { notes = append(notes, text) } })
	must(t, d.Start(t.Context(), 2))
	for i := range 2 {
		_, err := decode(t.Context(), d, testmodel.JPEG(i))
		must(t, err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "in-process") {
		t.Errorf("got notes %q, want one that decoding is in-process", notes)
	}
}
