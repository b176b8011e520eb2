package report

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/disintegration/imaging"

	"alexnet/input"
	"alexnet/internal/caption"
)

// example is a checked image in a file of the test.
func example(t *testing.T, name string, encoded []byte) input.Example {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, encoded, 0o666))
	all, problems := input.FindImages([]string{path}, nil, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return all[0]
}

// rotatedJPEG is a JPEG of 120x60 pixels, its left half red, with EXIF orientation 6: the left is the top.
func rotatedJPEG(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 120, 60))
	for x := range 120 {
		for y := range 60 {
			img.Set(x, y, color.RGBA{uint8(255 * (1 - x/60)), 0, 0, 255})
		}
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	return append([]byte("\xff\xd8"+exif), b.Bytes()[2:]...)
}

func TestRotatedImages(t *testing.T) {
	dir, _ := trainedRun(t, 2)
	v := viewer{model: openModel(t, dir)}
	ex := example(t, "turned.jpg", rotatedJPEG(t))
	small, err := v.upright(t.Context(), ex)
	must(t, err)
	if size := small.Rect.Size(); size != (image.Point{60, 120}) || small.NRGBAAt(30, 10).R < 200 || small.NRGBAAt(30, 110).R > 50 {
		t.Errorf("got an image of %v, %v at the top and %v at the bottom, want it upright and red at the top", size, small.NRGBAAt(30, 10), small.NRGBAAt(30, 110))
	}
	seen, err := v.networkInput(t.Context(), ex, make([]float32, 67*67*3))
	must(t, err)
	upright := v.restoreAspect(seen, ex)
	if size := upright.Rect.Size(); size != (image.Point{128, 256}) || upright.NRGBAAt(60, 20).R < 200 {
		t.Errorf("got the network's input as %v, %v at the top, want 128x256 and red at the top", size, upright.NRGBAAt(60, 20))
	}
	v.model.Source.Description.Preprocessing.Orientation = false
	if size := v.restoreAspect(seen, ex).Rect.Size(); size != (image.Point{256, 128}) {
		t.Errorf("got %v without EXIF orientation, want 256x128", size)
	}
	wide := example(t, "wide.jpg", plainJPEG(t, 900, 10))
	if size := v.restoreAspect(seen, wide).Rect.Size(); size != (image.Point{256, 85}) {
		t.Errorf("got %v for a very wide image, want an aspect ratio of at most 3", size)
	}
}

func plainJPEG(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil))
	return b.Bytes()
}

// inks is a CMYK JPEG of 8x8 pixels without an Adobe marker. libjpeg decodes it, Go does not.
func inks() []byte {
	table := func(length int) string { // Huffman codes: one, of that many bits, for 0
		counts := make([]byte, 16)
		counts[length-1] = 1
		return string(counts) + "\x00"
	}
	return []byte("\xff\xd8" + "\xff\xdb\x00\x43\x00" + string(bytes.Repeat([]byte{1}, 64)) +
		"\xff\xc0\x00\x14\x08\x00\x08\x00\x08\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00" +
		"\xff\xc4\x00\x14\x00" + table(2) + "\xff\xc4\x00\x14\x10" + table(4) +
		"\xff\xda\x00\x0e\x04\x01\x00\x02\x00\x03\x00\x04\x00\x00\x3f\x00" + "\x00\x00\x00" + "\xff\xd9")
}

func TestImageThatOnlyTheNetworkReads(t *testing.T) {
	if _, err := caption.Decode(inks(), 1); err == nil {
		t.Fatal("Go's decoder reads the image, so nothing is tested")
	}
	dir, _ := trainedRun(t, 2)
	v := viewer{model: openModel(t, dir)}
	small, err := v.upright(t.Context(), example(t, "inks.jpg", inks()))
	must(t, err)
	if size := small.Rect.Size(); size != (image.Point{256, 256}) {
		t.Errorf("got %v, want the network's input", size)
	}
}

func TestTransparentImagesLieOnWhite(t *testing.T) {
	img, err := asJPEG(image.NewNRGBA(image.Rect(0, 0, 8, 8)))
	must(t, err)
	white, err := asJPEG(imaging.New(8, 8, color.White))
	must(t, err)
	if img.URL != white.URL {
		t.Error("got another image than a white one")
	}
}
