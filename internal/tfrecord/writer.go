package tfrecord

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Append adds the framed record to dst and returns the longer slice, as the
// built-in append does.
func Append(dst, record []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(record)))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
	dst = append(dst, record...)
	return binary.LittleEndian.AppendUint32(dst, checksum(record))
}

// Writer writes records to an [io.Writer], each with a single call, so that a
// file opened for appending holds whole records unless the call itself fails.
// It does not buffer, and is for one goroutine at a time.
type Writer struct {
	dst   io.Writer
	frame []byte
	err   error
}

// NewWriter returns a Writer that writes to dst. The caller closes dst.
func NewWriter(dst io.Writer) *Writer {
	return &Writer{dst: dst}
}

// Write writes one record and keeps no reference to it. After a failure it
// keeps returning the same error, since a partly written record would hide every
// later one.
func (w *Writer) Write(record []byte) error {
	if w.err != nil {
		return w.err
	}
	w.frame = Append(w.frame[:0], record)
	if _, err := w.dst.Write(w.frame); err != nil {
		w.err = fmt.Errorf("write record of %d bytes: %w", len(record), err)
	}
	return w.err
}
