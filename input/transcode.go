package input

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// transcode turns what DecodeImage does not read, or not as others do, into
// PNG without loss at 8 bits a channel, pixels as stored. Of BMP files it
// refuses those with padding at the end, and takes the palette indexes of
// 8-bit ones for shades of grey (decode_image_op.cc, DecodeBmpV2); WebP and
// TIFF it does not know in TensorFlow 2.18. Of a GIF it keeps the first picture,
// of a PNG what makes its pixels. The header has passed the limits, which are
// resolved.
func transcode(encoded []byte, h Header, limits Limits) ([]byte, error) {
	switch h.Format {
	case JPEG:
		return encoded, countScans(encoded, h)
	case PNG:
		return withoutPacked(encoded), nil
	case GIF:
		return firstFrame(encoded, limits)
	case BMP, WebP, TIFF:
	default:
		return encoded, nil
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

// decode returns plain pixels. Decoders and the colour models of damaged
// pictures (a palette shorter than its indexes) have panicked before; both run
// here, where a panic can be caught.
func decode(encoded []byte, h Header) (_ image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the %s decoder failed: %v", ErrDamaged, h.Format, p)
		}
	}()
	var img image.Image
	r := bytes.NewReader(encoded)
	switch h.Format {
	case BMP:
		img, err = bmp.Decode(r)
	case WebP:
		img, err = webp.Decode(r)
	default:
		img, err = tiff.Decode(r)
	}
	if err != nil {
		return nil, damaged(err)
	}
	b := img.Bounds()
	if b.Dx() != h.Width || b.Dy() != h.Height {
		return nil, fmt.Errorf("%w: got %dx%d pixels, want %dx%d", ErrDamaged, b.Dx(), b.Dy(), h.Width, h.Height)
	}
	switch same := img.(type) {
	case *image.NRGBA, *image.Gray:
		return same, nil
	case *image.RGBA:
		if same.Opaque() { // then it is no other; pixel by pixel it takes twenty times as long
			return &image.NRGBA{Pix: same.Pix, Stride: same.Stride, Rect: same.Rect}, nil
		}
	}
	n := image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
	draw.Draw(n, n.Rect, img, b.Min, draw.Src)
	return n, nil
}
