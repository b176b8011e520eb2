// Package tfrecord reads and writes TFRecord files: byte strings, one after another, each with checksums.
//
// Start with [Append] and [Read].
//
// A record on disk is its length (eight bytes, little-endian), a checksum of those eight bytes, the data, and a
// checksum of the data. The length has a checksum of its own so that a damaged one is noticed before anything is
// allocated for it. Read stops at the first error: no record after a damaged length can be found. It never trusts a
// length: memory grows with the data that arrives, up to the caller's limit.
//
// The format is described in TensorFlow's tutorial "TFRecord and tf.train.Example", section "TFRecords format details".
package tfrecord

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"iter"

	"alexnet/internal/crc32c"
)

const (
	headerSize = 8 + 4 // length and its checksum
	footerSize = 4     // checksum of the data
)

// Append adds the framed record to dst and returns the longer slice, as the built-in append does.
func Append(dst, record []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(record)))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
	dst = append(dst, record...)
	return binary.LittleEndian.AppendUint32(dst, checksum(record))
}

// Read yields the data of each record in src, valid until the next one. It reads in
// small pieces: give it a buffered src.
//
// An error ends the iteration. It wraps [io.ErrUnexpectedEOF] if src ends inside a record, as a file does whose writer
// was killed. Any other error is the source's own or reports a damaged record, or one of more than limit bytes.
func Read(src io.Reader, limit uint32) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var buf bytes.Buffer
		for offset := int64(0); ; offset += headerSize + int64(buf.Len()) {
			data, err := next(src, limit, &buf)
			if err == io.EOF {
				return
			}
			if err != nil {
				err = fmt.Errorf("read record at byte %d: %w", offset, err)
			}
			if !yield(data, err) || err != nil {
				return
			}
		}
	}
}

// next reads a record into buf. The error is io.EOF if there is none.
func next(src io.Reader, limit uint32, buf *bytes.Buffer) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(src, header[:]); err != nil {
		return nil, err
	}
	if err := verify("length", header[:8], header[8:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(header[:])
	if length > uint64(limit) {
		return nil, fmt.Errorf("length: got %d bytes, want at most %d", length, limit)
	}
	buf.Reset() // grows by what arrives, not by what is announced
	if _, err := io.CopyN(buf, src, int64(length)+footerSize); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	data, footer := buf.Bytes()[:length], buf.Bytes()[length:]
	return data, verify("data", data, footer)
}

func verify(part string, data, stored []byte) error {
	if got, want := checksum(data), binary.LittleEndian.Uint32(stored); got != want {
		return fmt.Errorf("checksum of its %s: got %08x, want %08x", part, got, want)
	}
	return nil
}

// checksum is the masked CRC-32C of data.
func checksum(data []byte) uint32 { return crc32c.Mask(crc32c.Checksum(data)) }
