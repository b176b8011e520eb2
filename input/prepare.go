package input

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
)

// Prepare checks the picture in encoded as [Check] does, and returns it, or what
// became of it, in a format that TensorFlow's DecodeImage reads as every viewer
// does, as [Read] does for files. The error is an [*Error] without Path.
func Prepare(encoded []byte, limits Limits, formats ...Format) ([]byte, Header, error) {
	prepared, h, hint, err := prepare(encoded, limits.orDefaults(), formats...)
	if err != nil {
		return nil, Header{}, &Error{Op: "read picture", Err: err, Hint: hint}
	}
	return prepared, h, nil
}

func prepare(encoded []byte, limits Limits, formats ...Format) (_ []byte, h Header, hint string, err error) {
	if h, hint, err = checkBytes(encoded, limits, formats...); err != nil {
		return nil, h, hint, err
	}
	if encoded, err = transcode(encoded, h, limits); err != nil {
		return nil, h, "", err
	}
	return encoded, h, "", nil
}

// PrepareFrom is [Prepare] for what r gives until its end.
func PrepareFrom(r io.Reader, limits Limits, formats ...Format) ([]byte, Header, error) {
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(io.LimitReader(r, limits.orDefaults().MaxBytes+1)); err != nil {
		return nil, Header{}, &Error{Op: "read picture", Err: err}
	}
	return Prepare(buf.Bytes(), limits, formats...)
}

// PrepareImage gives the pixels of img as PNG, without loss at up to 16 bits a
// channel, and upright.
func PrepareImage(img image.Image, limits Limits) ([]byte, Header, error) {
	fail := func(err error) ([]byte, Header, error) {
		return nil, Header{}, &Error{Op: "read picture", Err: err}
	}
	if img == nil {
		return fail(errors.New("got no picture"))
	}
	h := Header{Format: PNG, Width: img.Bounds().Dx(), Height: img.Bounds().Dy(), Orientation: 1}
	if h.Width < 1 || h.Height < 1 {
		return fail(ErrEmpty)
	}
	if err := limits.orDefaults().allows(h); err != nil {
		return fail(err)
	}
	if _, ok := img.(*image.YCbCr); ok { // as image/jpeg decodes; pixel by pixel it takes twice as long
		rgb := image.NewRGBA(img.Bounds())
		draw.Draw(rgb, rgb.Rect, img, rgb.Rect.Min, draw.Src)
		img = rgb
	}
	var out bytes.Buffer
	plain := png.Encoder{CompressionLevel: png.NoCompression}
	if err := plain.Encode(&out, img); err != nil {
		return fail(fmt.Errorf("encode as png: %w", err))
	}
	return out.Bytes(), h, nil
}
