package input

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"slices"

	"alexnet/internal/hint"
	"alexnet/internal/regular"
)

// Read returns an encoded image that TensorFlow's DecodeImage decodes as image viewers do: JPEG and PNG, the first
// frame of a GIF, other formats converted to PNG. The file is checked as [Check] does; a Header that differs from ex's,
// unless that is zero, is an error. The error is an [*Error] that names the path.
func Read(ex Example, limits Limits, formats ...Format) ([]byte, Header, error) {
	return readImage(ex, limits, new(bytes.Buffer), formats...)
}

// ReadStored returns the bytes of the file, which [Prepare] converts for decoding.
// The checks and errors are those of [Read].
func ReadStored(ex Example, limits Limits) ([]byte, Header, error) {
	return readStored(ex, limits.orDefaults(), new(bytes.Buffer))
}

// readImage reads into buf, which the returned bytes may alias.
func readImage(ex Example, limits Limits, buf *bytes.Buffer, formats ...Format) ([]byte, Header, error) {
	limits = limits.orDefaults()
	encoded, h, err := readStored(ex, limits, buf, formats...)
	if err != nil {
		return nil, Header{}, err
	}
	if encoded, err = transcode(encoded, h, limits); err != nil {
		return nil, Header{}, newError("read image", ex.Path, err)
	}
	return encoded, h, nil
}

// readStored is [ReadStored] into buf. The limits have their defaults.
func readStored(ex Example, limits Limits, buf *bytes.Buffer, formats ...Format) ([]byte, Header, error) {
	err := readFile(ex.Path, limits, buf)
	var h Header
	if err == nil {
		h, err = checkBytes(buf.Bytes(), limits, append(slices.Clip(formats), ex.Format)...)
	}
	if err == nil && ex.Header != (Header{}) && ex.Header != h {
		err = hint.With(fmt.Errorf("%w: got %s, want %s", errChanged, h, ex.Header), "do not modify the images while they are in use")
	}
	if err != nil {
		return nil, Header{}, newError("read image", ex.Path, err)
	}
	return buf.Bytes(), h, nil
}

// readFile reads a regular file into buf. The file may have grown since it was checked.
func readFile(path string, limits Limits, buf *bytes.Buffer) error {
	f, info, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := limits.checkSize(info.Size()); err != nil {
		return err
	}
	buf.Reset()
	buf.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(f, limits.MaxBytes+1)); err != nil {
		return err
	}
	return limits.checkSize(int64(buf.Len()))
}

// String has the form `640x480 jpeg, orientation 6`.
func (h Header) String() string {
	s := fmt.Sprintf("%dx%d %s", h.Width, h.Height, h.Format)
	if h.Orientation > 1 {
		s += fmt.Sprintf(", orientation %d", h.Orientation)
	}
	return s
}

// Prepare checks an encoded image as [Check] does and returns it in a format for TensorFlow's DecodeImage, as [Read]
// does for files. The error is an [*Error] without Path.
func Prepare(encoded []byte, limits Limits, formats ...Format) ([]byte, Header, error) {
	limits = limits.orDefaults()
	h, err := checkBytes(encoded, limits, formats...)
	if err == nil {
		encoded, err = transcode(encoded, h, limits)
	}
	if err != nil {
		return nil, Header{}, newError("read image", "", err)
	}
	return encoded, h, nil
}

// PrepareFrom is [Prepare] for an image read from r.
func PrepareFrom(r io.Reader, limits Limits, formats ...Format) ([]byte, Header, error) {
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(io.LimitReader(r, limits.orDefaults().MaxBytes+1)); err != nil {
		return nil, Header{}, newError("read image", "", err)
	}
	return Prepare(buf.Bytes(), limits, formats...)
}

// PrepareImage encodes img as PNG, losslessly up to 16 bits per channel.
func PrepareImage(img image.Image, limits Limits) ([]byte, Header, error) {
	fail := func(err error) ([]byte, Header, error) {
		return nil, Header{}, newError("read image", "", err)
	}
	if img == nil {
		return fail(errors.New("got a nil image"))
	}
	h := Header{Format: PNG, Width: img.Bounds().Dx(), Height: img.Bounds().Dy(), Orientation: 1}
	if h.Width < 1 || h.Height < 1 {
		return fail(ErrEmpty)
	}
	if err := limits.orDefaults().check(h); err != nil {
		return fail(err)
	}
	if _, ok := img.(*image.YCbCr); ok { // from image/jpeg; encoding it pixel by pixel takes twice as long
		rgb := image.NewRGBA(img.Bounds())
		draw.Draw(rgb, rgb.Rect, img, rgb.Rect.Min, draw.Src)
		img = rgb
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	if err := encoder.Encode(&out, img); err != nil {
		return fail(fmt.Errorf("encode as png: %w", err))
	}
	return out.Bytes(), h, nil
}
