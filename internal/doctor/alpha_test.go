package doctor

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/input"
)

// encodePNG is an image of which the right half has this color.
func encodePNG(t *testing.T, c color.Color, palette bool) []byte {
	t.Helper()
	opaque := color.NRGBA{10, 200, 30, 255}
	bounds := image.Rect(0, 0, 40, 40)
	var img interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewNRGBA(bounds)
	if _, deep := c.(color.NRGBA64); deep {
		img = image.NewNRGBA64(bounds)
	}
	if palette {
		img = image.NewPaletted(bounds, color.Palette{opaque, c})
	}
	for y := range 40 {
		for x := range 40 {
			if img.Set(x, y, opaque); x >= 20 {
				img.Set(x, y, c)
			}
		}
	}
	if p, ok := img.(*image.Paletted); ok { // Set chooses the nearest color regardless of hidden ones
		for i := range p.Pix {
			p.Pix[i] = uint8(i % 40 / 20)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHidesColors(t *testing.T) {
	var animated bytes.Buffer
	p := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.RGBA{}, color.White})
	if err := gif.Encode(&animated, p, nil); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		encoded []byte
		want    bool
	}{
		{"hidden red", encodePNG(t, color.NRGBA{255, 0, 0, 0}, false), true},
		{"hidden red, 16 bits", encodePNG(t, color.NRGBA64{0xffff, 0, 0, 0}, false), true},
		{"hidden red, palette", encodePNG(t, color.NRGBA{255, 0, 0, 0}, true), true},
		{"half transparent black", encodePNG(t, color.NRGBA{0, 0, 0, 128}, false), true},
		{"hidden white", encodePNG(t, color.NRGBA{255, 255, 255, 0}, false), false},
		{"nearly opaque", encodePNG(t, color.NRGBA{0, 0, 0, 250}, false), false},
		{"opaque", encodePNG(t, color.NRGBA{255, 0, 0, 255}, false), false},
		{"opaque palette", encodePNG(t, color.NRGBA{255, 0, 0, 255}, true), false},
		{"transparent GIF", animated.Bytes(), true},
		{"truncated", encodePNG(t, color.NRGBA{255, 0, 0, 0}, false)[:60], false},
		{"not an image", []byte("GIF89a"), false},
		{"empty", nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := hidesColors(test.encoded); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Images that hide colors are counted, with an example.
func TestCheckHidden(t *testing.T) {
	dir := t.TempDir()
	var examples []input.Example
	for name, c := range map[string]color.Color{"red.png": color.NRGBA{255, 0, 0, 0}, "white.png": color.NRGBA{255, 255, 255, 0}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, encodePNG(t, c, false), 0o666); err != nil {
			t.Fatal(err)
		}
		found, excluded := input.FindImages([]string{path}, nil, input.Options{})
		if len(excluded) > 0 {
			t.Fatal(excluded)
		}
		examples = append(examples, found...)
	}
	r := &Report{Healthy: true, Data: &Dataset{}}
	if err := r.checkHidden(t.Context(), &input.Dataset{Train: examples}, input.Limits{}); err != nil {
		t.Fatal(err)
	}
	if len(r.Data.Hidden) != 1 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "1 images have other colors under transparent pixels") ||
		!strings.Contains(r.Warnings[0], "red.png") || !r.Healthy {
		t.Errorf("got %q, warnings %q", r.Data.Hidden, r.Warnings)
	}
}
