package classify

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"alexnet/input"
)

// Picture is a picture to classify. The zero value is none.
type Image struct {
	name   string // the path, if it has one
	read   func(Options) ([]byte, input.Header, error)
	turned int // EXIF orientation to go by; 0 for the picture's own

	decoded []float32 // as model wants it, in place of read
	model   *Model
}

// File is the picture in the file at path, read when it is classified.
func FromFile(path string) Image {
	return Image{name: path, read: func(o Options) ([]byte, input.Header, error) {
		h, _, err := input.CheckFile(path, o.Limits, o.Formats...)
		if err != nil {
			return nil, h, err
		}
		encoded, err := input.Read(input.Example{Path: path, Header: h}, o.Limits)
		return encoded, h, err
	}}
}

// Bytes is an encoded picture, which stays the caller's and as it is until it
// has been classified.
func FromBytes(encoded []byte) Image {
	return Image{read: func(o Options) ([]byte, input.Header, error) {
		return input.Prepare(encoded, o.Limits, o.Formats...)
	}}
}

// From is the encoded picture that r gives, read to its end when it is
// classified, once.
func FromReader(r io.Reader) Image {
	return Image{read: func(o Options) ([]byte, input.Header, error) {
		return input.PrepareFrom(r, o.Limits, o.Formats...)
	}}
}

// Image is a picture that is decoded already. It counts as upright and gives
// what its PNG file would: a colour is taken as it stands whatever its alpha,
// and 16 bits a channel as the upper 8.
func FromImage(img image.Image) Image {
	return Image{read: func(o Options) ([]byte, input.Header, error) {
		return input.PrepareImage(img, o.Limits)
	}}
}

// Oriented is the picture seen as the EXIF orientation says, 1 to 8, in place of
// its own; 1 is as stored. A model trained without EXIF orientations applies
// none.
func (p Image) Oriented(orientation int) Image {
	p.turned = orientation
	return p
}

// decode writes the picture as m wants it into the slice.
func (p Image) decode(ctx context.Context, m *Model, into []float32) error {
	switch {
	case p.model == m:
		copy(into, p.decoded)
		return nil
	case p.model != nil:
		return p.refused(errors.New("got one prepared for another model"))
	case p.read == nil:
		return p.refused(errors.New("got no picture"))
	case p.turned < 0 || p.turned > 8:
		return p.refused(fmt.Errorf("got orientation %d, want 1 to 8", p.turned))
	}
	encoded, h, err := p.read(m.options)
	if err != nil {
		return err
	}
	if p.turned > 0 {
		h.Orientation = p.turned
	}
	err = m.model.Decode(ctx, encoded, h, into)
	if errors.Is(err, input.ErrDamaged) {
		return p.refused(err)
	}
	return err
}

func (p Image) refused(reason error) error {
	return &input.Error{Op: "classify picture", Path: p.name, Err: reason}
}
