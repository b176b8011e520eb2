package export

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"alexnet/input"
)

// testImages generates images to compare models on: a JPEG, a PNG, and a JPEG whose EXIF orientation is not 1.
func testImages(dir string) ([]input.Example, error) {
	var upright, lossless bytes.Buffer
	if err := jpeg.Encode(&upright, testImage(320, 240), nil); err != nil {
		return nil, err
	}
	if err := png.Encode(&lossless, testImage(90, 130)); err != nil {
		return nil, err
	}
	const quarterTurn = 6
	var paths []string
	for _, f := range []struct {
		name  string
		bytes []byte
	}{{"generated.jpg", upright.Bytes()}, {"generated.png", lossless.Bytes()}, {"rotated.jpg", withOrientation(upright.Bytes(), quarterTurn)}} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.bytes, 0o644); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	examples, excluded := input.ExamplesFromPaths(paths, input.Options{})
	if len(excluded) > 0 {
		return nil, fmt.Errorf("%v", excluded[0])
	}
	return examples, nil
}

// testImage has a color gradient and edges.
func testImage(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			edge := uint8(x / 16 % 2 * (y / 24 % 2) * 90)
			img.SetNRGBA(x, y, color.NRGBA{uint8(x*150/w) + edge, uint8(y*150/h) + edge, 120, 255})
		}
	}
	return img
}

// withOrientation adds an EXIF orientation to a JPEG (Exif 2.3 §4.5.4: an APP1 segment with a TIFF header and one
// entry).
func withOrientation(encoded []byte, orientation byte) []byte {
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
	segment := slices.Concat([]byte{0xff, 0xe1, 0, byte(2 + 6 + len(tiff))}, []byte("Exif\x00\x00"), tiff)
	return slices.Insert(slices.Clone(encoded), 2, segment...)
}
