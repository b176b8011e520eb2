package input

import (
	"bytes"
	"fmt"
	"io"

	"alexnet/internal/regular"
)

// Read returns the encoded bytes of a picture in a format that TensorFlow's
// DecodeImage reads as every viewer does: JPEG and PNG as they stand, the first
// picture of a GIF, the others converted to PNG. The file is checked again, within limits; if ex
// carries a Header that no longer holds, the reason is [ErrChanged]. The error
// is an [*Error] that names the path.
func Read(ex Example, limits Limits) ([]byte, error) {
	encoded, _, err := readPicture(ex, limits, new(bytes.Buffer))
	return encoded, err
}

// ReadStored returns the bytes of a picture as they stand, which [Prepare] has
// yet to make fit for decoding. The checks and errors are those of [Read].
func ReadStored(ex Example, limits Limits) ([]byte, Header, error) {
	return readStored(ex, limits.orDefaults(), new(bytes.Buffer))
}

// readPicture reads into buf, which the bytes returned may share.
func readPicture(ex Example, limits Limits, buf *bytes.Buffer) ([]byte, Header, error) {
	limits = limits.orDefaults()
	encoded, h, err := readStored(ex, limits, buf)
	if err != nil {
		return nil, Header{}, err
	}
	if encoded, err = transcode(encoded, h, limits); err != nil {
		return nil, Header{}, &Error{Op: "read picture", Path: ex.Path, Err: err}
	}
	return encoded, h, nil
}

// readStored is [ReadStored] into buf. The limits are resolved.
func readStored(ex Example, limits Limits, buf *bytes.Buffer) ([]byte, Header, error) {
	fail := func(err error, hint string) ([]byte, Header, error) {
		return nil, Header{}, &Error{Op: "read picture", Path: ex.Path, Err: err, Hint: hint}
	}
	if err := readFile(ex.Path, limits, buf); err != nil {
		return fail(err, "")
	}
	h, hint, err := checkBytes(buf.Bytes(), limits, ex.Format)
	if err != nil {
		return fail(err, hint)
	}
	if ex.Header != (Header{}) && ex.Header != h {
		return fail(fmt.Errorf("%w: got %s, want %s", ErrChanged, h, ex.Header), "leave the pictures alone while they are in use")
	}
	return buf.Bytes(), h, nil
}

// readFile fills buf with a regular file that may have grown since its size
// was taken.
func readFile(path string, limits Limits, buf *bytes.Buffer) error {
	f, info, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := limits.allowsBytes(info.Size()); err != nil {
		return err
	}
	buf.Reset()
	buf.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(f, limits.MaxBytes+1)); err != nil {
		return err
	}
	return limits.allowsBytes(int64(buf.Len()))
}

// String has the form `640x480 jpeg, orientation 6`.
func (h Header) String() string {
	s := fmt.Sprintf("%dx%d %s", h.Width, h.Height, h.Format)
	if h.Orientation > 1 {
		s += fmt.Sprintf(", orientation %d", h.Orientation)
	}
	return s
}
