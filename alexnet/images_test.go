package alexnet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/bmp"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/parity"
	"alexnet/tfgraph"
)

// testPattern returns an image with low and high frequencies, different in each
// channel, without symmetry.
func testPattern(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			img.SetNRGBA(x, y, color.NRGBA{
				R: uint8(255 * u * (1 - v/2)),
				G: uint8(127 + 120*math.Sin(9*u+23*v*v)),
				B: uint8((x*x + 7*x*y + 13*y) % 256), A: 255,
			})
		}
	}
	return img
}

func redraw(to draw.Image, from image.Image) image.Image {
	draw.Draw(to, to.Bounds(), from, from.Bounds().Min, draw.Src)
	return to
}

func translucent(img *image.NRGBA) image.Image {
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = uint8(i / 4)
	}
	return img
}

// deep returns an image whose 16-bit channels do not repeat their upper byte.
func deep(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewNRGBA64(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := img.At(x, y).RGBA()
			out.SetNRGBA64(x, y, color.NRGBA64{uint16(r ^ 0x55), uint16(g ^ 0xaa), uint16(bl ^ 0x33), 0xffff})
		}
	}
	return out
}

// withOrientation inserts an Exif segment with that one tag after the start of a
// JPEG file (Exif 2.3, 4.5.4 and 4.6.2).
func withOrientation(file []byte, orientation uint16) []byte {
	order := binary.LittleEndian
	body := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00")
	body = order.AppendUint16(body, 0x0112)
	body = order.AppendUint16(body, 3) // SHORT
	body = order.AppendUint32(body, 1)
	body = order.AppendUint32(body, uint32(orientation))
	body = order.AppendUint32(body, 0) // no further directory
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	out := append([]byte{}, file[:2]...)
	return append(append(append(out, segment...), body...), file[2:]...)
}

// testImage is an encoded image; its name has the file's extension.
type testImage struct {
	name        string
	bytes       []byte
	orientation int
}

// testImages returns images of every kind that the decoding graph reads and Go
// can write.
func testImages(t testing.TB) []testImage {
	t.Helper()
	var all []testImage
	add := func(name string, encode func(*bytes.Buffer) error) []byte {
		var buf bytes.Buffer
		if err := encode(&buf); err != nil {
			t.Fatalf("encode %s: %v", name, err)
		}
		all = append(all, testImage{name, buf.Bytes(), 1})
		return buf.Bytes()
	}
	addPNG := func(name string, img image.Image) {
		add(name, func(w *bytes.Buffer) error { return png.Encode(w, img) })
	}
	addJPEG := func(name string, img image.Image) []byte {
		return add(name, func(w *bytes.Buffer) error { return jpeg.Encode(w, img, nil) })
	}
	wide, tall := testPattern(301, 200), testPattern(93, 141)
	rotated := addJPEG("wide.jpg", wide)
	addJPEG("tall.jpg", tall)
	addJPEG("small.jpg", testPattern(19, 14))
	addJPEG("gray.jpg", redraw(image.NewGray(wide.Bounds()), wide))
	addPNG("color.png", tall)
	addPNG("line.png", testPattern(401, 20)) // longer than Center resizes
	addPNG("exact.png", testPattern(227, 227))
	addPNG("alpha.png", translucent(testPattern(120, 77)))
	addPNG("gray.png", redraw(image.NewGray(tall.Bounds()), tall))
	addPNG("gray16.png", redraw(image.NewGray16(tall.Bounds()), deep(tall)))
	addPNG("color16.png", deep(tall))
	paletted := redraw(image.NewPaletted(wide.Bounds(), palette.Plan9), wide).(*image.Paletted)
	addPNG("palette.png", paletted)
	add("still.gif", func(w *bytes.Buffer) error { return gif.Encode(w, wide, nil) })
	second := redraw(image.NewPaletted(wide.Bounds(), palette.WebSafe), testPattern(301, 100)).(*image.Paletted)
	add("moving.gif", func(w *bytes.Buffer) error {
		return gif.EncodeAll(w, &gif.GIF{Image: []*image.Paletted{paletted, second}, Delay: []int{1, 1}})
	})
	add("color.bmp", func(w *bytes.Buffer) error { return bmp.Encode(w, tall) })
	for o := 1; o <= 8; o++ {
		all = append(all, testImage{"rotated" + string(rune('0'+o)) + ".jpg", withOrientation(rotated, uint16(o)), o})
	}
	return all
}

// item describes a testImage to the reference scripts.
type item struct {
	Name        string         `json:"name"`
	Path        string         `json:"path"`
	Orientation int            `json:"orientation"`
	Size        int            `json:"size"`
	Resize      alexnet.Resize `json:"resize"`
	Arch        string         `json:"arch"`
}

// items writes testImages to files.
func items(t testing.TB, testImages []testImage, config alexnet.Config, resizes ...alexnet.Resize) []item {
	t.Helper()
	dir := t.TempDir()
	var all []item
	for _, p := range testImages {
		path := filepath.Join(dir, p.name)
		if err := os.WriteFile(path, p.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, r := range resizes {
			all = append(all, item{string(r) + "/" + p.name, path, p.orientation, config.Size, r, config.Architecture().Name})
		}
	}
	return all
}

func newDecoder(t testing.TB, c alexnet.Preprocessing) *alexnet.Decoder {
	t.Helper()
	d, err := alexnet.NewDecoder(c, tfgraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func preprocessing(size int, resize alexnet.Resize) alexnet.Preprocessing {
	return alexnet.Config{Size: size}.Preprocessing(resize, true, []string{"cat", "dog"})
}

// decodeAll returns the testImages as a batch, in order.
func decodeAll(t testing.TB, c alexnet.Preprocessing, testImages []testImage) parity.Tensor {
	t.Helper()
	d := newDecoder(t, c)
	n := c.Size * c.Size * 3
	batch := parity.Tensor{
		Shape: []int64{int64(len(testImages)), int64(c.Size), int64(c.Size), 3},
		Data:  make([]float32, n*len(testImages)),
	}
	for i, p := range testImages {
		if err := d.Decode(context.Background(), p.bytes, input.Example{Header: input.Header{Orientation: p.orientation}}, 0, batch.Data[i*n:(i+1)*n]); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	return batch
}
