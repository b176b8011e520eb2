package main

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
)

// drawChecks draws pictures to compare two models on where there may be no others: a
// JPEG, a PNG, and a JPEG that says it was taken with the camera turned.
func drawChecks(dir string) (paths []string, err error) {
	var upright, lossless bytes.Buffer
	if err := jpeg.Encode(&upright, drawing(320, 240), nil); err != nil {
		return nil, fmt.Errorf("draw picture: %w", err)
	}
	if err := png.Encode(&lossless, drawing(90, 130)); err != nil {
		return nil, fmt.Errorf("draw picture: %w", err)
	}
	const quarterTurn = 6
	files := []struct {
		name  string
		bytes []byte
	}{{"drawn.jpg", upright.Bytes()}, {"drawn.png", lossless.Bytes()}, {"turned.jpg", turned(upright.Bytes(), quarterTurn)}}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.bytes, 0o644); err != nil {
			return nil, fmt.Errorf("draw picture: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// drawing has colours that run across it, and edges.
func drawing(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			edge := uint8(x / 16 % 2 * (y / 24 % 2) * 90)
			img.SetNRGBA(x, y, color.NRGBA{uint8(x*150/w) + edge, uint8(y*150/h) + edge, 120, 255})
		}
	}
	return img
}

// turned gives a JPEG an EXIF orientation (Exif 2.3 §4.5.4: a segment APP1 of a TIFF
// header and one entry).
func turned(encoded []byte, orientation byte) []byte {
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
	segment := slices.Concat([]byte{0xff, 0xe1, 0, byte(2 + 6 + len(tiff))}, []byte("Exif\x00\x00"), tiff)
	return slices.Insert(slices.Clone(encoded), 2, segment...)
}
