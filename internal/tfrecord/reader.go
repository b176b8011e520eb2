package tfrecord

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// CorruptError reports a checksum mismatch.
type CorruptError struct {
	Offset    int64  // byte offset of the record
	Part      string // "length" or "data"
	Got, Want uint32 // computed and stored checksum
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("read record at byte %d: checksum of its %s: got %08x, want %08x",
		e.Offset, e.Part, e.Got, e.Want)
}

// LengthError reports an intact record that is longer than the reader's limit.
type LengthError struct {
	Offset int64  // byte offset of the record
	Length uint64 // bytes of data that the record announces
	Limit  int    // the reader's limit
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("read record at byte %d: length: got %d bytes, want at most %d",
		e.Offset, e.Length, e.Limit)
}

// Reader reads records from an [io.Reader]. It is for one goroutine at a time.
type Reader struct {
	src    io.Reader
	limit  int
	data   bytes.Buffer
	offset int64
	err    error
}

// NewReader returns a Reader of the records in src, none of them longer than
// limit bytes. It reads in small pieces: give it a buffered src.
func NewReader(src io.Reader, limit int) *Reader {
	return &Reader{src: src, limit: min(limit, math.MaxInt-footerSize)}
}

// Next returns the data of the next record, valid until the call after it.
//
// The error is [io.EOF] after the last record, wraps [io.ErrUnexpectedEOF] if
// the source ends inside a record, as a file does whose writer was killed, and
// otherwise is a [*CorruptError], a [*LengthError] or the source's own. Once
// there is an error, every later call returns it again.
func (r *Reader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	data, err := r.next()
	if err != nil {
		r.err = err
		return nil, err
	}
	r.offset += headerSize + int64(len(data)) + footerSize
	return data, nil
}

// Offset returns how many bytes the records read so far take: the size to
// which to cut a file with a truncated tail.
func (r *Reader) Offset() int64 { return r.offset }

func (r *Reader) next() ([]byte, error) {
	length, err := r.readLength()
	if err != nil {
		return nil, err
	}
	// The buffer grows by what arrives, not by what is announced.
	r.data.Reset()
	size := int64(length) + footerSize
	if got, err := io.CopyN(&r.data, r.src, size); err != nil {
		return nil, r.truncated(headerSize+got, headerSize+size, err)
	}
	data, footer := r.data.Bytes()[:length], r.data.Bytes()[length:]
	if err := r.verify("data", data, footer); err != nil {
		return nil, err
	}
	return data, nil
}

func (r *Reader) readLength() (int, error) {
	var header [headerSize]byte
	got, err := io.ReadFull(r.src, header[:])
	if err == io.EOF {
		return 0, io.EOF
	}
	if err != nil {
		return 0, r.truncated(int64(got), headerSize, err)
	}
	if err := r.verify("length", header[:8], header[8:]); err != nil {
		return 0, err
	}
	length := binary.LittleEndian.Uint64(header[:])
	if r.limit < 0 || length > uint64(r.limit) {
		return 0, &LengthError{Offset: r.offset, Length: length, Limit: r.limit}
	}
	return int(length), nil
}

func (r *Reader) verify(part string, data, stored []byte) error {
	got, want := checksum(data), binary.LittleEndian.Uint32(stored)
	if got != want {
		return &CorruptError{Offset: r.offset, Part: part, Got: got, Want: want}
	}
	return nil
}

func (r *Reader) truncated(got, want int64, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read record at byte %d: got %d bytes, want %d: %w", r.offset, got, want, err)
}
