// Package caption draws a model's predictions below an image: one line of text per class.
//
// Start with [Decode], which reads an image upright, and [Draw], which adds a line and a bar
// for each class below it; [Save] writes the result.
//
// The text never covers the image. The image is scaled to a readable size, and the same arguments give the same pixels.
// The Go fonts cover Latin, Greek and Cyrillic; any other character appears as an empty box. Nothing panics, whatever
// the image's bytes, and Save replaces only files that it wrote.
package caption

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/disintegration/imaging"

	"alexnet/internal/display"
)

// Bar is a class with its probability between 0 and 1.
type Bar struct {
	Class       string
	Probability float64
}

// fraction is the probability clamped to 0 to 1.
func (r Bar) fraction() float64 {
	if math.IsNaN(r.Probability) {
		return 0
	}
	return max(0, min(1, r.Probability))
}

// Bounds in pixels of an image's longer side, and of the caption's width.
const (
	minSide  = 480
	maxSide  = 1600
	minWidth = 400
)

// The caption's colors. Text on ground has a contrast ratio of 16 to 1, faint text one of 9 to 1 (WCAG 2.1, 1.4.3
// asks for 4.5).
var (
	ground = color.NRGBA{0x16, 0x18, 0x1d, 0xff}
	track  = color.NRGBA{0x34, 0x38, 0x41, 0xff}
	first  = color.NRGBA{0x4c, 0xa6, 0xff, 0xff}
	others = color.NRGBA{0x6b, 0x7a, 0x90, 0xff}
	strong = color.NRGBA{0xf4, 0xf5, 0xf7, 0xff}
	faint  = color.NRGBA{0xb9, 0xc0, 0xcb, 0xff}
)

// Draw returns the image with a line for each class below it, the first one emphasized: its name at the left,
// shortened with "…" if it is too long, "98.3 %" at the right, and a bar of that length. The image's longer side is
// scaled to 480 to 1600 pixels. src is not changed and may be empty or nil.
func Draw(src image.Image, classes ...Bar) *image.NRGBA {
	img := fit(toPixels(src))
	width := max(img.Rect.Dx(), minWidth)
	p := newPanel(width, classes)
	defer p.close()
	canvas := image.NewNRGBA(image.Rect(0, 0, width, img.Rect.Dy()+p.height()))
	fill(canvas, canvas.Rect, ground)
	at := image.Pt((width-img.Rect.Dx())/2, 0)
	draw.Draw(canvas, img.Rect.Add(at), img, image.Point{}, draw.Over)
	p.draw(canvas, img.Rect.Dy())
	return canvas
}

// toPixels returns the image's pixels, none if its own methods panic.
func toPixels(src image.Image) (n *image.NRGBA) {
	defer func() {
		if recover() != nil {
			n = image.NewNRGBA(image.Rectangle{})
		}
	}()
	if src == nil {
		return image.NewNRGBA(image.Rectangle{})
	}
	return toNRGBA(src, src.Bounds())
}

// fit scales the image so that its longer side is from minSide to maxSide. Strongly enlarged, pixels stay squares.
func fit(img *image.NRGBA) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	long := max(w, h)
	if w == 0 || h == 0 || long >= minSide && long <= maxSide {
		return img
	}
	scale := float64(max(minSide, min(maxSide, long))) / float64(long)
	filter := imaging.CatmullRom
	if scale >= 6 {
		filter = imaging.NearestNeighbor
	}
	side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
	return imaging.Resize(img, side(w), side(h), filter)
}

func fill(canvas *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	draw.Draw(canvas, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// percent has one decimal; 99.96 % must not become 100.0 %.
func percent(share float64) string {
	if share < 1 {
		share = min(share, 0.999)
	}
	return display.Percent(share)
}
