package summaries

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"
)

// Image adds an image, losslessly encoded as PNG with its transparency and up to 16 bits per channel.
func (w *Writer) Image(step int64, tag string, img image.Image) error {
	if img == nil {
		return fmt.Errorf("write image %q: got a nil image", tag)
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		return fmt.Errorf("write image %q: %w", tag, err)
	}
	size := img.Bounds().Size()
	return w.addValues("image", step, &summarypb.Summary_Value{
		Tag: tag,
		Value: &summarypb.Summary_Value_Image{Image: &summarypb.Summary_Image{
			Height:             int32(size.Y),
			Width:              int32(size.X),
			Colorspace:         channels(img),
			EncodedImageString: encoded.Bytes(),
		}},
	})
}

// channels returns the Summary.Image colorspace: 1 gray, 3 RGB, 4 RGBA.
func channels(img image.Image) int32 {
	switch img := img.(type) {
	case *image.Gray, *image.Gray16:
		return 1
	case interface{ Opaque() bool }:
		if img.Opaque() {
			return 3
		}
	}
	return 4
}

// Grid arranges images in rows, starting at the top left, for a single [Writer.Image]: the filters of a layer, the top
// errors of an epoch. Every cell has the size of the largest image; the background is white. With columns below 1 the
// grid is approximately square, counted in images.
func Grid(columns int, images ...image.Image) image.Image {
	const gap = 2 // pixels
	return grid(columns, gap, images...)
}

func grid(columns, gap int, images ...image.Image) image.Image {
	if columns < 1 {
		columns = int(math.Ceil(math.Sqrt(float64(len(images)))))
	}
	columns = max(1, min(columns, len(images)))
	rows := (len(images) + columns - 1) / columns
	var cell image.Point
	for _, p := range images {
		size := p.Bounds().Size()
		cell = image.Pt(max(cell.X, size.X), max(cell.Y, size.Y))
	}
	pitch := cell.Add(image.Pt(gap, gap))
	grid := image.NewNRGBA(image.Rect(0, 0, max(0, columns*pitch.X-gap), max(0, rows*pitch.Y-gap)))
	draw.Draw(grid, grid.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, p := range images {
		corner := image.Pt(i%columns*pitch.X, i/columns*pitch.Y)
		bounds := p.Bounds()
		draw.Draw(grid, image.Rectangle{Min: corner, Max: corner.Add(bounds.Size())}, p, bounds.Min, draw.Over)
	}
	return grid
}
