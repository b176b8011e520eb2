package caption

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif"  // formats that Decode reads
	_ "image/jpeg" //
	_ "image/png"  //

	"github.com/disintegration/imaging"
	_ "golang.org/x/image/bmp"  //
	_ "golang.org/x/image/tiff" //
	_ "golang.org/x/image/webp" //
)

// mostPixels bounds what a header of a few bytes can make a decoder allocate.
const mostPixels = 100_000_000

// Decode returns the picture in a JPEG, PNG, GIF (its first frame), BMP, WebP or TIFF file, upright: orientation is
// the value of EXIF tag 0x0112 (Exif 2.3, 4.6.4 A), and any other than 1 to 8 counts as 1. It refuses pictures of
// more than 100 million pixels, and damaged ones.
func Decode(encoded []byte, orientation int) (picture *image.NRGBA, err error) {
	defer func() {
		if p := recover(); p != nil {
			picture, err = nil, fmt.Errorf("decode picture: the decoder failed: %v", p)
		}
	}()
	config, format, err := image.DecodeConfig(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	if w, h := config.Width, config.Height; w < 1 || h < 1 || w > mostPixels/h {
		return nil, fmt.Errorf("decode %s picture: got %dx%d pixels, want 1 to %d", format, w, h, mostPixels)
	}
	decoded, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("decode %s picture: %w", format, err)
	}
	if format != "jpeg" { // its colours have no palette, and imaging is the faster to convert them
		decoded = plain(decoded, image.Rect(0, 0, config.Width, config.Height))
	}
	return upright(decoded, orientation), nil
}

// plain copies the part of the picture inside r to a picture of that size. Imaging works in goroutines of its own,
// where a palette shorter than its indexes would end the program (CVE-2023-36308); here it is a panic in ours. A
// GIF's frame may be smaller than the picture, which is transparent around it.
func plain(picture image.Image, r image.Rectangle) *image.NRGBA {
	if n, ok := picture.(*image.NRGBA); ok && n.Rect == r && r.Min == (image.Point{}) {
		return n
	}
	n := image.NewNRGBA(image.Rectangle{Max: r.Size()})
	draw.Draw(n, n.Rect, picture, r.Min, draw.Src)
	return n
}

// upright applies an EXIF orientation. Imaging turns counter-clockwise.
func upright(picture image.Image, orientation int) *image.NRGBA {
	switch orientation {
	case 2:
		return imaging.FlipH(picture)
	case 3:
		return imaging.Rotate180(picture)
	case 4:
		return imaging.FlipV(picture)
	case 5:
		return imaging.Transpose(picture)
	case 6:
		return imaging.Rotate270(picture)
	case 7:
		return imaging.Transverse(picture)
	case 8:
		return imaging.Rotate90(picture)
	}
	return imaging.Clone(picture)
}
