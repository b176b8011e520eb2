package caption

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"pgregory.net/rapid"
)

// testImage is an image without uniform areas.
func testImage(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestDrawSizes(t *testing.T) {
	tests := []struct {
		name      string
		w, h      int
		wantWidth int
		wantRows  int // of the image
	}{
		{"one pixel", 1, 1, 480, 480},
		{"tiny", 16, 16, 480, 480},
		{"small, wide", 120, 80, 480, 320},
		{"as it is", 800, 600, 800, 600},
		{"narrow", 60, 600, 400, 600},
		{"large", 3200, 2000, 1600, 1000},
		{"a line down", 1, 3000, 400, 1600},
		{"a line across", 3000, 1, 1600, 1},
		{"nothing", 0, 0, 400, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			img := Draw(testImage(test.w, test.h), Bar{"cat", 0.903}, Bar{"and more", 0.05})
			if img.Rect.Min != (image.Point{}) || img.Rect.Dx() != test.wantWidth {
				t.Fatalf("got bounds %v, want a width of %d", img.Rect, test.wantWidth)
			}
			panel := img.Rect
			panel.Min.Y = test.wantRows
			if panel.Dy() < 70 || panel.Dy() > 320 {
				t.Errorf("got a caption of %d rows, want 70 to 320", panel.Dy())
			}
			if !img.Opaque() {
				t.Error("got transparent pixels, want none")
			}
			for name, c := range map[string]color.NRGBA{"first line": strong, "second line": faint, "bar": first, "second bar": others, "rest of the bars": track} {
				if count(img, panel, c) < 30 {
					t.Errorf("got %d pixels in the color of the %s, want some", count(img, panel, c), name)
				}
			}
		})
	}
}

func TestDrawLargeImage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds under the race detector")
	}
	img := Draw(testImage(6000, 4000), Bar{"cat", 0.9})
	if img.Rect.Dx() != 1600 || img.Rect.Dy() < 1067+60 {
		t.Errorf("got %v, want 1600 columns and a caption below 1067 rows", img.Rect)
	}
}

func count(img *image.NRGBA, r image.Rectangle, c color.NRGBA) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if img.NRGBAAt(x, y) == c {
				n++
			}
		}
	}
	return n
}

func TestDrawKeepsTheImage(t *testing.T) {
	src := testImage(500, 300)
	before := slices.Clone(src.Pix)
	img := Draw(src, Bar{"cat", 0.5})
	if !bytes.Equal(src.Pix, before) {
		t.Error("the source was changed")
	}
	if got := img.Pix[:len(before)]; !bytes.Equal(got, before) {
		t.Error("the image's own pixels differ, want the text below them only")
	}
	if again := Draw(src, Bar{"cat", 0.5}); !bytes.Equal(again.Pix, img.Pix) {
		t.Error("a second drawing differs from the first")
	}
	if other := Draw(src, Bar{"dog", 0.5}); bytes.Equal(other.Pix, img.Pix) {
		t.Error("another text gives the same pixels")
	}
	if bare := Draw(src); bare.Rect != src.Rect {
		t.Errorf("without lines: got %v, want %v", bare.Rect, src.Rect)
	}
}

// A sub-image's pixels do not begin at the origin, and other color models are converted.
func TestDrawOtherImages(t *testing.T) {
	part := testImage(700, 700).SubImage(image.Rect(100, 100, 600, 600))
	moved := image.NewNRGBA(image.Rect(0, 0, 500, 500))
	draw.Draw(moved, moved.Rect, part, image.Pt(100, 100), draw.Src)
	if !bytes.Equal(Draw(part, Bar{"a", 1}).Pix, Draw(moved, Bar{"a", 1}).Pix) {
		t.Error("a sub-image is drawn differently from a copy of it")
	}
	short := &image.Paletted{Pix: []uint8{0, 9, 9, 0}, Stride: 2, Rect: image.Rect(0, 0, 2, 2), Palette: color.Palette{color.Black}}
	for name, src := range map[string]image.Image{"none": nil, "palette too short": short} {
		if img := Draw(src, Bar{"a", 1}); img.Rect.Dx() != minWidth {
			t.Errorf("%s: got %v, want a caption alone", name, img.Rect)
		}
	}
}

func TestBarLength(t *testing.T) {
	for _, test := range []struct {
		probability float64
		want        float64 // share of the bar's pixels that are filled
		text        string
	}{
		{0, 0, "0.0 %"}, {0.25, 0.25, "25.0 %"}, {0.9996, 0.9996, "99.9 %"}, {1, 1, "100.0 %"},
		{-3, 0, "0.0 %"}, {7, 1, "100.0 %"}, {math.NaN(), 0, "0.0 %"}, {math.Inf(1), 1, "100.0 %"},
	} {
		r := Bar{"", test.probability}
		img := Draw(nil, r)
		filled, empty := float64(count(img, img.Rect, first)), float64(count(img, img.Rect, track))
		if got := filled / (filled + empty); math.Abs(got-test.want) > 0.01 {
			t.Errorf("%g: got %.3f of the bar filled, want %.3f", test.probability, got, test.want)
		}
		if got := percent(r.fraction()); got != test.text {
			t.Errorf("%g: got %q, want %q", test.probability, got, test.text)
		}
	}
}

func TestShorten(t *testing.T) {
	r := row{}
	r.setType(regular, 20)
	rapid.Check(t, func(t *rapid.T) {
		text, room := rapid.String().Draw(t, "text"), fixed.I(rapid.IntRange(30, 900).Draw(t, "room"))
		got := shorten(r.face, text, room)
		if width := font.MeasureString(r.face, got); width > room {
			t.Fatalf("got %q of width %v, want at most %v", got, width, room)
		}
		if strings.ContainsAny(got, "\n\t\x00") {
			t.Fatalf("got %q, want one line", got)
		}
	})
	for text, want := range map[string]string{"cat": "cat", " two\nlines ": "two lines", strings.Repeat("m", 5000): "mm…"} {
		if got := shorten(r.face, text, font.MeasureString(r.face, "two lines")); got != want && !strings.HasSuffix(want, "…") ||
			!strings.HasPrefix(got, strings.TrimSuffix(want, "…")) {
			t.Errorf("%.20q: got %q, want %q", text, got, want)
		}
	}
}

// Characters missing from the font are drawn as a box, not dropped.
func TestUnknownCharacters(t *testing.T) {
	blank := Draw(nil, Bar{})
	for _, text := range []string{"猫", "\U0001F431", "\xff\xfe"} {
		if bytes.Equal(Draw(nil, Bar{Class: text}).Pix, blank.Pix) {
			t.Errorf("%q: got nothing, want something", text)
		}
	}
}
