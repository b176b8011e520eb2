package input

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"image/png"
)

// transcode losslessly converts formats that DecodeImage cannot decode, or decodes differently from other decoders, to
// PNG with 8 bits per channel. In TensorFlow 2.18, DecodeImage rejects BMP files with trailing padding, interprets the
// palette indices of 8-bit BMP files as gray levels (decode_image_op.cc, DecodeBmpV2), and does not support WebP and
// TIFF. What follows an image in its file is removed; of a GIF only the first frame remains, of a PNG only the chunks
// that affect its pixels. The header is within the limits, which have their defaults.
func transcode(encoded []byte, h Header, limits Limits) ([]byte, error) {
	switch h.Format {
	case JPEG:
		return trimJPEG(encoded, h)
	case PNG:
		return trimPNG(encoded), nil
	case GIF:
		return firstFrame(encoded, limits)
	}
	img, err := decode(encoded, h)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := fast.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("convert %s to png: %w", h.Format, err)
	}
	return out.Bytes(), nil
}

// decode returns the image as NRGBA or gray. Decoders and the color models of damaged images (a palette shorter than
// its indices) may panic, so both run here, where the panic is recovered.
func decode(encoded []byte, h Header) (_ image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the %s decoder failed: %v", ErrDamaged, h.Format, p)
		}
	}()
	img, err := formats[h.Format].decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, damaged(err)
	}
	b := img.Bounds()
	if b.Dx() != h.Width || b.Dy() != h.Height {
		return nil, fmt.Errorf("%w: got %dx%d pixels, want %dx%d", ErrDamaged, b.Dx(), b.Dy(), h.Width, h.Height)
	}
	switch img := img.(type) {
	case *image.NRGBA, *image.Gray:
		return img, nil
	case *image.RGBA:
		if img.Opaque() { // same pixels as NRGBA; converting them takes twenty times as long
			return &image.NRGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}, nil
		}
	}
	n := image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
	draw.Draw(n, n.Rect, img, b.Min, draw.Src)
	return n, nil
}

// firstFrame truncates a GIF after its first frame (GIF89a specification, §17 to §27). Only that is used, but
// TensorFlow's decoder decompresses all frames of an animation first, at up to 4096 pixels per code: a file of 30 MB
// would exhaust the memory. A file that is damaged earlier is left to the decoder, which stops at the same offset.
func firstFrame(encoded []byte, limits Limits) ([]byte, error) {
	const (
		header, descriptor = 13, 10
		extension, frame   = 0x21, 0x2c
		trailer            = 0x3b
	)
	at := header
	if len(encoded) >= header {
		at += colorTable(encoded[10])
	}
	for at+descriptor <= len(encoded) {
		switch encoded[at] {
		case extension:
			at = skipBlocks(encoded, at+2)
		case frame:
			d := encoded[at : at+descriptor]
			size := Header{Width: int(d[5]) | int(d[6])<<8, Height: int(d[7]) | int(d[8])<<8}
			if err := limits.check(size); err != nil {
				return nil, fmt.Errorf("first frame of the GIF: %w", err)
			}
			at = skipBlocks(encoded, at+descriptor+colorTable(d[9])+1)
			if at >= len(encoded) || encoded[at] == trailer {
				return encoded[:min(at+1, len(encoded))], nil
			}
			return append(encoded[:at:at], trailer), nil
		default:
			return encoded, nil
		}
	}
	return encoded, nil
}

// colorTable is the size in bytes of the color table, from the flags.
func colorTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// skipBlocks returns the offset after the data blocks that begin at at.
func skipBlocks(encoded []byte, at int) int {
	for at < len(encoded) && encoded[at] != 0 {
		at += 1 + int(encoded[at])
	}
	return at + 1
}

const (
	pngMagic    = 8  // bytes
	pngOverhead = 12 // bytes of a chunk besides its content: length, type, checksum
)

// trimPNG removes what follows the image, and the chunks that contain compressed text or color profiles (PNG
// specification, §11.3.2.3, §11.3.3). They do not affect the decoded pixels, but libpng decompresses each to up to 8 MB:
// 4,000 of them in a file of 30 MB take minutes. The file is unchanged from the first incomplete chunk on.
func trimPNG(encoded []byte) []byte {
	kept, from := []byte(nil), 0 // bytes after from are not in kept yet
	for at := pngMagic; at+pngOverhead <= len(encoded); {
		size := int64(binary.BigEndian.Uint32(encoded[at:])) + pngOverhead
		if size > int64(len(encoded)-at) {
			break
		}
		next := at + int(size)
		switch string(encoded[at+4 : at+8]) {
		case "zTXt", "iTXt", "iCCP":
			kept, from = append(kept, encoded[from:at]...), next
		case "IEND":
			encoded = encoded[:next]
		}
		at = next
	}
	if from == 0 {
		return encoded
	}
	return append(kept, encoded[from:]...)
}
