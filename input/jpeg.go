package input

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxSegments bounds the header: it may have color profiles and previews in many segments of up to 64 KiB.
const maxSegments = 4096

// readJPEG reads the segments up to the frame header (ITU T.81 §B.1, §B.2). It does not use image/jpeg, because one of
// the segments has the orientation and because TensorFlow's libjpeg-turbo supports other JPEG variants than Go.
func readJPEG(s *windowReader) (Header, error) {
	h := Header{Orientation: 1}
	oriented := false
	w := &segments{windowReader: s, off: 2, skip: 1 << 16}
	for range maxSegments {
		marker, length, err := w.next()
		if err != nil {
			return Header{}, err
		}
		switch {
		case marker == 0xe1 && !oriented:
			h.Orientation, oriented = app1Orientation(s, w.off, length)
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return frameHeader(s, h, marker, w.off, length)
		case marker == 0xda || marker == 0xd9:
			return Header{}, fmt.Errorf("%w: JPEG data without a frame header", ErrDamaged)
		}
		w.off += int64(length)
	}
	return Header{}, fmt.Errorf("%w: no JPEG frame header in %d segments", ErrDamaged, maxSegments)
}

// segments iterates over a JPEG header.
type segments struct {
	*windowReader
	off  int64 // of the next byte
	skip int   // bytes between segments that may still be skipped
}

// next advances to the content of the next segment and returns its marker and
// length. Like libjpeg it skips bytes between segments.
func (w *segments) next() (marker byte, length int, err error) {
	for fill := false; w.skip > 0; w.skip-- {
		b, err := w.bytes(w.off, 1)
		if err != nil {
			return 0, 0, err
		}
		w.off++
		switch marker = b[0]; {
		case marker == 0xff:
			fill = true
		case !fill:
		case marker <= 0x01, marker >= 0xd0 && marker <= 0xd8:
			fill = false // stuffing and markers without content
		case marker == 0xd9:
			return marker, 0, nil
		default:
			length, err = w.length()
			return marker, length, err
		}
	}
	return 0, 0, fmt.Errorf("%w: missing JPEG segment", ErrDamaged)
}

// length reads the segment length, which includes its own two bytes.
func (w *segments) length() (int, error) {
	b, err := w.bytes(w.off, 2)
	if err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 2 {
		return 0, fmt.Errorf("%w: JPEG segment of length %d", ErrDamaged, n)
	}
	w.off += 2
	return n - 2, nil
}

// frameHeader reads the size and rejects the processes that are not decoded.
func frameHeader(s *windowReader, h Header, marker byte, off int64, length int) (Header, error) {
	if length < 6 {
		return Header{}, fmt.Errorf("%w: JPEG frame header of %d bytes", ErrDamaged, length)
	}
	b, err := s.bytes(off, 6)
	if err != nil {
		return Header{}, err
	}
	switch {
	case marker == 0xc3 || marker == 0xc7 || marker == 0xcb || marker == 0xcf:
		return Header{}, fmt.Errorf("%w: got a lossless JPEG, want baseline or progressive", ErrFormat)
	case marker >= 0xc9:
		return Header{}, fmt.Errorf("%w: got an arithmetic-coded JPEG, want baseline or progressive", ErrFormat)
	case marker >= 0xc5:
		return Header{}, fmt.Errorf("%w: got a hierarchical JPEG, want baseline or progressive", ErrFormat)
	case b[0] != 8:
		return Header{}, fmt.Errorf("%w: got a JPEG with %d bits per sample, want 8", ErrFormat, b[0])
	case b[5] != 1 && b[5] != 3 && b[5] != 4:
		return Header{}, fmt.Errorf("%w: got a JPEG with %d components, want 1, 3 or 4", ErrFormat, b[5])
	}
	h.Height = int(binary.BigEndian.Uint16(b[1:]))
	h.Width = int(binary.BigEndian.Uint16(b[3:]))
	return h, nil
}

var exifPrefix = []byte("Exif\x00\x00")

// app1Orientation reads the orientation of an APP1 segment; ok is false if the segment has other content, such as XMP.
func app1Orientation(s *windowReader, off int64, length int) (orientation int, ok bool) {
	b, err := s.bytes(off, length)
	if err != nil || !bytes.HasPrefix(b, exifPrefix) {
		return 1, false
	}
	return exifOrientation(bytes.NewReader(b[len(exifPrefix):])), true
}

// Progressive JPEG has about ten scans, each of which covers the whole image. Empty scans take a few bytes, so a small
// file could keep the decoder busy for hours, or for minutes with few scans of many pixels.
const (
	maxScans      = 100
	maxScanPixels = 2_000_000_000
)

// trimJPEG returns the image without what follows it: the video of a motion photo, the other images of an MPO
// file. It rejects one of too many scans, of which previews in segments are none.
func trimJPEG(encoded []byte, h Header) ([]byte, error) {
	end, n := scanJPEG(encoded)
	if limit := min(maxScans, maxScanPixels/(h.Width*h.Height)); n > limit {
		return nil, fmt.Errorf("%w: got a JPEG of %dx%d pixels with %d scans, want at most %d", ErrTooLarge, h.Width, h.Height, n, limit)
	}
	return encoded[:end], nil
}

// scanJPEG returns the offset after the end of the image, or of the file if that is missing, and the number of scans. It
// finds the markers that libjpeg finds (jdmarker.c): compressed data has none but restarts, and segments are skipped.
func scanJPEG(encoded []byte) (end, scans int) {
	for at := 2; at < len(encoded); {
		next := bytes.IndexByte(encoded[at:], 0xff)
		if next < 0 {
			break
		}
		for at += next; at < len(encoded) && encoded[at] == 0xff; at++ { // and fill bytes
		}
		if at == len(encoded) {
			break
		}
		marker := encoded[at]
		at++
		switch {
		case marker == 0xd9:
			return at, scans
		case marker < 0xc0, marker >= 0xd0 && marker <= 0xd8: // a stuffed zero, or a marker without content
			continue
		case marker == 0xda:
			scans++
		}
		if at+2 <= len(encoded) {
			at += max(2, int(binary.BigEndian.Uint16(encoded[at:])))
		}
	}
	return len(encoded), scans
}
