package input

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"alexnet/internal/hint"
)

// exifOrientation reads tag 0x0112 from the first directory of a TIFF structure (TIFF 6.0 §2; EXIF 2.3 §4.5, §4.6.4).
// Cameras and editors write invalid EXIF data in valid images: anything but a single SHORT of 1 to 8 counts as 1,
// upright.
func exifOrientation(r io.ReaderAt) int {
	const (
		tag        = 0x0112
		typeShort  = 3
		entryBytes = 12
	)
	var header [8]byte
	if n, _ := r.ReadAt(header[:], 0); n < len(header) {
		return 1
	}
	var order binary.ByteOrder
	switch string(header[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	off := int64(order.Uint32(header[4:]))
	var count [2]byte
	if n, _ := r.ReadAt(count[:], off); n < len(count) {
		return 1
	}
	entries := make([]byte, entryBytes*int(order.Uint16(count[:])))
	n, _ := r.ReadAt(entries, off+2)
	for e := entries[:n]; len(e) >= entryBytes; e = e[entryBytes:] {
		if order.Uint16(e) != tag {
			continue
		}
		v := order.Uint16(e[8:])
		if order.Uint16(e[2:]) != typeShort || order.Uint32(e[4:]) != 1 || v < 1 || v > 8 {
			return 1
		}
		return int(v)
	}
	return 1
}

// tiffOrientation reads the TIFF file's first directory.
func tiffOrientation(s *windowReader) (int, error) {
	return exifOrientation(io.NewSectionReader(s, 0, s.size)), nil
}

// maxExif is the capacity of an APP1 segment; other containers need no more.
const maxExif = 1 << 16

func chunkOrientation(s *windowReader, off, length int64) int {
	b, err := s.bytes(off, int(min(length, maxExif)))
	if err != nil {
		return 1
	}
	return exifOrientation(bytes.NewReader(bytes.TrimPrefix(b, exifPrefix)))
}

// maxChunks bounds the loops below; real files have a few dozen chunks before the image data.
const maxChunks = 4096

// pngOrientation reads the chunks up to the first IDAT (PNG 3rd edition §5.3,
// §11.3.2.5 eXIf). A file without IDAT is an error.
func pngOrientation(s *windowReader) (int, error) {
	o := 1
	off := int64(8)
	for range maxChunks {
		b, err := s.bytes(off, 8)
		if err != nil {
			return 0, fmt.Errorf("%w: PNG without image data", ErrDamaged)
		}
		length := int64(binary.BigEndian.Uint32(b))
		switch string(b[4:]) {
		case "IDAT":
			return o, nil
		case "IEND":
			return 0, fmt.Errorf("%w: PNG without image data", ErrDamaged)
		case "eXIf":
			o = chunkOrientation(s, off+8, length)
		}
		off += 8 + length + 4
	}
	return 0, fmt.Errorf("%w: no PNG image data in %d chunks", ErrDamaged, maxChunks)
}

// webpOrientation reads the RIFF chunks; EXIF follows the image data (WebP container specification, "Metadata").
func webpOrientation(s *windowReader) (int, error) {
	riff, err := s.bytes(4, 4)
	if err != nil {
		return 0, err
	}
	off, end := int64(12), 8+int64(binary.LittleEndian.Uint32(riff))
	for range maxChunks {
		b, err := s.bytes(off, 8)
		if err != nil || off >= end {
			return 1, nil
		}
		length := int64(binary.LittleEndian.Uint32(b[4:]))
		switch string(b[:4]) {
		case "ANIM", "ANMF":
			return 0, hint.With(fmt.Errorf("%w: got an animated WebP, want one of a single image", ErrFormat), "convert its first frame to PNG or JPEG")
		case "EXIF":
			return chunkOrientation(s, off+8, length), nil
		}
		off += 8 + length + length&1
	}
	return 1, nil
}
