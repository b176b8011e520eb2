package classify_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"alexnet/classify"
	"alexnet/internal/testmodel"
)

var uniform = image.NewUniform(color.White) // is 2 billion pixels wide

func blank(w, h int) image.Image { return image.NewNRGBA(image.Rect(0, 0, w, h)) }

// sheer is an image with colors in its transparent part.
func sheer(alpha func(x, y int) uint8) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 80, 60))
	draw.Draw(img, img.Rect, testmodel.Image(2), image.Point{}, draw.Src)
	for y := range 60 {
		for x := range 80 {
			c := img.NRGBAAt(x, y)
			c.A = alpha(x, y)
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// Every kind of image in memory gives results bit-identical to its PNG file.
func TestImageIsItsPNG(t *testing.T) {
	m := opened(t, classify.Options{})
	bounds := image.Rect(0, 0, 80, 60)
	paint := func(to draw.Image) draw.Image {
		draw.Draw(to, to.Bounds(), testmodel.Image(1), image.Point{}, draw.Src)
		return to
	}
	photo, err := jpeg.Decode(bytes.NewReader(testmodel.JPEG(1)))
	must(t, err)
	var animation bytes.Buffer
	must(t, gif.Encode(&animation, testmodel.Image(1), nil))
	paletted, err := gif.Decode(&animation)
	must(t, err)
	wide := image.NewRGBA(image.Rect(-9, -9, 200, 200))
	draw.Draw(wide, bounds, testmodel.Image(1), image.Point{}, draw.Src)
	for name, img := range map[string]image.Image{
		"gray":             paint(image.NewGray(bounds)),
		"16-bit gray":      paint(image.NewGray16(bounds)),
		"16 bits":          paint(image.NewNRGBA64(bounds)),
		"RGBA":             paint(image.NewRGBA(bounds)),
		"palette":          paletted,
		"photo":            photo,
		"sheer":            sheer(func(x, y int) uint8 { return uint8(x + y) }),
		"part of a larger": wide.SubImage(bounds),
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			must(t, png.Encode(&file, img))
			same(t, m, classify.FromImage(img), classify.FromBytes(file.Bytes()))
		})
	}
}

// TensorFlow drops alpha and keeps the colors below it; so does Image.
func TestAlphaIsDropped(t *testing.T) {
	m := opened(t, classify.Options{})
	var some, none bytes.Buffer
	clear := sheer(func(x, y int) uint8 { return uint8(3 * x) })
	must(t, png.Encode(&some, clear))
	must(t, png.Encode(&none, sheer(func(x, y int) uint8 { return 255 })))
	same(t, m, classify.FromBytes(some.Bytes()), classify.FromBytes(none.Bytes()))
	same(t, m, classify.FromImage(clear), classify.FromBytes(none.Bytes()))
}

func same(t *testing.T, m *classify.Model, a, b classify.Image) {
	t.Helper()
	got, err := m.Classify(context.Background(), a)
	must(t, err)
	want, err := m.Classify(context.Background(), b)
	must(t, err)
	if !slices.Equal(got.Probabilities, want.Probabilities) {
		t.Errorf("got %v, want %v", got.Probabilities, want.Probabilities)
	}
}
