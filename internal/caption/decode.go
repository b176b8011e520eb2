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

// maxPixels bounds what a decoder allocates on the word of a header.
const maxPixels = 100_000_000

// Decode returns the image in a JPEG, PNG, GIF (its first frame), BMP, WebP or TIFF file, upright: orientation is
// the value of EXIF tag 0x0112 (Exif 2.3, 4.6.4 A), and any other than 1 to 8 counts as 1. It refuses images of
// more than 100 million pixels, and damaged ones.
func Decode(encoded []byte, orientation int) (img *image.NRGBA, err error) {
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("decode image: the decoder failed: %v", p)
		}
	}()
	config, format, err := image.DecodeConfig(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("decode image: %w", err)
	}
	if w, h := config.Width, config.Height; w < 1 || h < 1 || w > maxPixels/h {
		return nil, fmt.Errorf("decode %s image: got %dx%d pixels, want 1 to %d", format, w, h, maxPixels)
	}
	decoded, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("decode %s image: %w", format, err)
	}
	if format != "jpeg" { // without a palette, imaging converts faster
		decoded = toNRGBA(decoded, image.Rect(0, 0, config.Width, config.Height))
	}
	if rotate, ok := rotations[orientation]; ok {
		return rotate(decoded), nil
	}
	return imaging.Clone(decoded), nil
}

// toNRGBA copies the part of the image inside r. Imaging works in goroutines of its own, where a palette shorter
// than its indexes would crash the program (CVE-2023-36308); here the panic is in the caller's goroutine. A GIF's
// frame may be smaller than the image, which is transparent around it.
func toNRGBA(img image.Image, r image.Rectangle) *image.NRGBA {
	if n, ok := img.(*image.NRGBA); ok && n.Rect == r && r.Min == (image.Point{}) {
		return n
	}
	n := image.NewNRGBA(image.Rectangle{Max: r.Size()})
	draw.Draw(n, n.Rect, img, r.Min, draw.Src)
	return n
}

// rotations turn an image of each EXIF orientation upright. Imaging rotates counter-clockwise.
var rotations = map[int]func(image.Image) *image.NRGBA{
	2: imaging.FlipH, 3: imaging.Rotate180, 4: imaging.FlipV, 5: imaging.Transpose,
	6: imaging.Rotate270, 7: imaging.Transverse, 8: imaging.Rotate90,
}
