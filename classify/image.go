package classify

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"

	"alexnet/input"
	"alexnet/internal/hint"
)

// Image is an image to classify. The zero value is none.
type Image struct {
	name        string // the path, if it has one
	read        func(Options) ([]byte, input.Header, error)
	orientation int // EXIF orientation to apply; 0 for the image's own

	decoded []float32 // the input of model, in place of read
	model   *Model
}

// FromFile is the image in the file at path, read when it is classified.
func FromFile(path string) Image {
	return fromExample(input.Example{Path: path})
}

func fromExample(ex input.Example) Image {
	return Image{name: ex.Path, read: func(o Options) ([]byte, input.Header, error) {
		return input.Read(ex, o.Limits, o.Formats...)
	}}
}

// FromExamples yields [FromFile] of each; a file whose header has changed is an error.
func FromExamples(examples []input.Example) iter.Seq[Image] {
	return func(yield func(Image) bool) {
		for _, ex := range examples {
			if !yield(fromExample(ex)) {
				return
			}
		}
	}
}

// FromBytes is an encoded image. The caller must not modify the bytes until it has been classified.
func FromBytes(encoded []byte) Image {
	return Image{read: func(o Options) ([]byte, input.Header, error) {
		return input.Prepare(encoded, o.Limits, o.Formats...)
	}}
}

// FromReader is the encoded image that r yields. It is read to its end, once, when it is classified.
func FromReader(r io.Reader) Image {
	return Image{read: func(o Options) ([]byte, input.Header, error) {
		return input.PrepareFrom(r, o.Limits, o.Formats...)
	}}
}

// FromImage is a decoded image. It counts as upright and gives the same result as its PNG file: the alpha channel is
// ignored, and of 16-bit channels the upper 8 bits are used.
func FromImage(img image.Image) Image {
	return Image{read: func(o Options) ([]byte, input.Header, error) {
		return input.PrepareImage(img, o.Limits)
	}}
}

// Oriented is the image with the given EXIF orientation, 1 to 8, in place of its own; 1 is as stored. A model that was
// trained without EXIF orientations applies none.
func (p Image) Oriented(orientation int) Image {
	p.orientation = orientation
	return p
}

// decode writes the image as an input of m into the slice.
func (p Image) decode(ctx context.Context, m *Model, into []float32) error {
	switch {
	case p.model == m:
		copy(into, p.decoded)
		return nil
	case p.model != nil:
		return p.refuse(errors.New("got one prepared for another model"))
	case p.read == nil:
		return p.refuse(errors.New("got no image"))
	case p.orientation < 0 || p.orientation > 8:
		return p.refuse(fmt.Errorf("got orientation %d, want 1 to 8", p.orientation))
	}
	encoded, h, err := p.read(m.options)
	if err != nil {
		return err
	}
	if p.orientation > 0 {
		h.Orientation = p.orientation
	}
	err = m.decoder.Decode(ctx, encoded, input.Example{Path: p.name, Header: h}, 0, into)
	if errors.Is(err, input.ErrDamaged) {
		return p.refuse(err)
	}
	return err
}

func (p Image) refuse(reason error) error {
	return &input.Error{Op: "classify image", Path: p.name, Err: reason, Hint: hint.Of(reason)}
}
