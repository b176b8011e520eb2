package summaries

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func paint(img interface {
	image.Image
	Set(x, y int, c color.Color)
}, c color.Color) image.Image {
	bounds := img.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			img.Set(x, y, c)
		}
	}
	return img
}

func TestImage(t *testing.T) {
	bounds := image.Rect(-2, 3, 5, 7) // 7 wide, 4 high, not at the origin
	red, glass := color.NRGBA{R: 200, A: 255}, color.NRGBA{G: 90, A: 128}
	tests := []struct {
		name       string
		img        image.Image
		colorspace int32
	}{
		{"gray", paint(image.NewGray(bounds), color.Gray{77}), 1},
		{"gray of 16 bits", paint(image.NewGray16(bounds), color.Gray16{0x1234}), 1},
		{"opaque", paint(image.NewNRGBA(bounds), red), 3},
		{"transparent", paint(image.NewNRGBA(bounds), glass), 4},
		{"palette", paint(image.NewPaletted(bounds, color.Palette{color.Black, red}), red), 3},
		{"jpeg's colors", image.NewYCbCr(bounds, image.YCbCrSubsampleRatio420), 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, _ := newWriter(t, t.TempDir(), Options{})
			must(t, w.Image(3, "photo", test.img), w.Close())
			events, err := readAll(w.path())
			must(t, err)
			got := events[1].GetSummary().Value[0].GetImage()
			if got.Width != 7 || got.Height != 4 || got.Colorspace != test.colorspace {
				t.Errorf("got %dx%d, colorspace %d; want 7x4, %d", got.Width, got.Height, got.Colorspace, test.colorspace)
			}
			decoded, err := png.Decode(bytes.NewReader(got.EncodedImageString))
			must(t, err)
			gotColor := color.NRGBA64Model.Convert(decoded.At(0, 0))
			if want := color.NRGBA64Model.Convert(test.img.At(-2, 3)); gotColor != want {
				t.Errorf("first pixel: got %v, want %v", gotColor, want)
			}
		})
	}
}

func TestGrid(t *testing.T) {
	red, blue := color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}
	white := color.NRGBA{255, 255, 255, 255}
	wide := paint(image.NewNRGBA(image.Rect(10, 10, 14, 12)), red) // 4 wide, 2 high
	high := paint(image.NewNRGBA(image.Rect(0, 0, 3, 5)), blue)    // 3 wide, 5 high
	tests := []struct {
		name    string
		columns int
		images  []image.Image
		size    image.Point
		pixels  map[image.Point]color.Color
	}{
		{"none", 3, nil, image.Pt(0, 0), nil},
		{"one", 0, []image.Image{wide}, image.Pt(4, 2), map[image.Point]color.Color{{}: red}},
		{"more columns than images", 9, []image.Image{wide, high}, image.Pt(10, 5), nil},
		{"square by default", 0, []image.Image{wide, wide, wide, high}, image.Pt(10, 12), map[image.Point]color.Color{
			{0, 0}: red, {3, 1}: red, {4, 0}: white, {0, 2}: white, {6, 0}: red,
			{0, 7}: red, {6, 7}: blue, {8, 11}: blue, {9, 11}: white,
		}},
		{"last row not full", 2, []image.Image{high, high, wide}, image.Pt(10, 12), map[image.Point]color.Color{
			{6, 0}: blue, {0, 7}: red, {6, 7}: white,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			grid := Grid(test.columns, test.images...)
			if size := grid.Bounds().Size(); size != test.size {
				t.Errorf("size: got %v, want %v", size, test.size)
			}
			for at, want := range test.pixels {
				if got := grid.At(at.X, at.Y); got != want {
					t.Errorf("pixel %v: got %v, want %v", at, got, want)
				}
			}
		})
	}
}
