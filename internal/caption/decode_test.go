package caption

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// corners has 3x2 pixels: red, green, blue above white, black, gray.
func corners() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	for i, c := range []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255},
		{255, 255, 255, 255}, {0, 0, 0, 255}, {128, 128, 128, 255}} {
		img.SetNRGBA(i%3, i/3, c)
	}
	return img
}

// letters names the pixels of an image in corners' colors, row by row.
func letters(img image.Image) string {
	names := map[color.NRGBA]byte{{255, 0, 0, 255}: 'R', {0, 255, 0, 255}: 'G', {0, 0, 255, 255}: 'B',
		{255, 255, 255, 255}: 'W', {0, 0, 0, 255}: 'K', {128, 128, 128, 255}: 'Y'}
	var rows []string
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		var row []byte
		for x := b.Min.X; x < b.Max.X; x++ {
			name, ok := names[color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)]
			if !ok {
				name = '?'
			}
			row = append(row, name)
		}
		rows = append(rows, string(row))
	}
	return strings.Join(rows, "/")
}

func encoded(t testing.TB, encode func(*bytes.Buffer, image.Image) error, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, img image.Image) error  { return png.Encode(b, img) }
func asBMP(b *bytes.Buffer, img image.Image) error  { return bmp.Encode(b, img) }
func asTIFF(b *bytes.Buffer, img image.Image) error { return tiff.Encode(b, img, nil) }
func asJPEG(b *bytes.Buffer, img image.Image) error { return jpeg.Encode(b, img, nil) }

// asGIF stores the image as a frame at (1, 1) of a canvas 2 pixels wider and higher.
func asGIF(b *bytes.Buffer, img image.Image) error {
	palette := color.Palette{color.Black, color.White, color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255},
		color.NRGBA{0, 0, 255, 255}, color.NRGBA{128, 128, 128, 255}}
	r := img.Bounds()
	frame := image.NewPaletted(r.Add(image.Pt(1, 1)), palette)
	for y := range r.Dy() {
		for x := range r.Dx() {
			frame.Set(x+1, y+1, img.At(x, y))
		}
	}
	return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0},
		Config: image.Config{ColorModel: palette, Width: r.Dx() + 2, Height: r.Dy() + 2}})
}

func TestDecodeFormats(t *testing.T) {
	tests := []struct {
		name   string
		encode func(*bytes.Buffer, image.Image) error
		want   string
	}{
		{"png", asPNG, "RGB/WKY"},
		{"bmp", asBMP, "RGB/WKY"},
		{"tiff", asTIFF, "RGB/WKY"},
		{"gif with a margin", asGIF, "?????/?RGB?/?WKY?/?????"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			img, err := Decode(encoded(t, test.encode, corners()), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := letters(img); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// The expected pixels for each value of the tag are from the table in Exif 2.3, 4.6.4 A.
func TestDecodeOrientations(t *testing.T) {
	for orientation, want := range map[int]string{
		-1: "RGB/WKY", 0: "RGB/WKY", 1: "RGB/WKY", 9: "RGB/WKY",
		2: "BGR/YKW", 3: "YKW/BGR", 4: "WKY/RGB",
		5: "RW/GK/BY", 6: "WR/KG/YB", 7: "YB/KG/WR", 8: "BY/GK/RW",
	} {
		img, err := Decode(encoded(t, asPNG, corners()), orientation)
		if err != nil {
			t.Fatal(err)
		}
		if got := letters(img); got != want {
			t.Errorf("orientation %d: got %s, want %s", orientation, got, want)
		}
	}
}

func TestDecodeJPEG(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 40, 20))
	for name, src := range map[string]image.Image{"color": image.NewNRGBA(gray.Rect), "gray": gray} {
		img, err := Decode(encoded(t, asJPEG, src), 6)
		if err != nil {
			t.Fatal(err)
		}
		if img.Rect != image.Rect(0, 0, 20, 40) || !img.Opaque() {
			t.Errorf("%s: got %v, opaque %v, want an opaque image of 20x40", name, img.Rect, img.Opaque())
		}
	}
}

// bomb is a PNG of a few bytes whose header claims 60000x60000 pixels.
func bomb(t testing.TB) []byte {
	b := encoded(t, asPNG, corners())
	binary.BigEndian.PutUint32(b[16:], 60000)
	binary.BigEndian.PutUint32(b[20:], 60000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestDecodeRefuses(t *testing.T) {
	whole := encoded(t, asPNG, corners())
	tests := []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"nothing", nil, "unknown format"},
		{"text", []byte("not an image"), "unknown format"},
		{"half an image", whole[:len(whole)-20], "decode png image"},
		{"too many pixels", bomb(t), "got 60000x60000 pixels"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			img, err := Decode(test.bytes, 1)
			if img != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want an error with %q", img, err, test.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, encode := range []func(*bytes.Buffer, image.Image) error{asPNG, asBMP, asTIFF, asGIF, asJPEG} {
		f.Add(encoded(f, encode, corners()), 6)
	}
	f.Add(bomb(f), 1)
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"), 1)
	f.Fuzz(func(t *testing.T, b []byte, orientation int) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width*c.Height > 1<<20 {
			return // too large for the fuzzer
		}
		img, err := Decode(b, orientation)
		if (img == nil) == (err == nil) {
			t.Fatalf("got image %v and error %v, want one of them", img != nil, err)
		}
		if img != nil && (img.Rect.Empty() || img.Rect.Min != image.Point{}) {
			t.Fatalf("got bounds %v, want some pixels from the origin", img.Rect)
		}
	})
}
