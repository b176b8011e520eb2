package input

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"testing"
)

func TestReadConverts(t *testing.T) {
	grad := gradient(6, 5)
	solid := image.NewNRGBA(grad.Rect)
	for i := range 30 {
		solid.Set(i%6, i/6, color.NRGBA{10, 20, 30, 255})
	}
	tests := []struct {
		format Format
		want   image.Image
	}{{BMP, grad}, {TIFF, grad}, {WebP, solid}, {BMP, palette8(6, 5)}}
	for _, tt := range tests {
		t.Run(string(tt.format), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "picture")
			put(t, path, encode(t, tt.format, tt.want))
			examples, problems := ExamplesFromPaths([]string{path}, Options{Formats: []Format{WebP, TIFF}})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			data, err := Read(examples[0], Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 30 {
				g, w := color.NRGBAModel.Convert(got.At(i%6, i/6)), color.NRGBAModel.Convert(tt.want.At(i%6, i/6))
				if g != w {
					t.Fatalf("pixel %d: got %v, want %v", i, g, w)
				}
			}
		})
	}
}

func TestReadLeavesOthersAlone(t *testing.T) {
	for _, format := range []Format{JPEG, PNG, GIF} {
		data := encode(t, format, gradient(3, 3))
		path := filepath.Join(t.TempDir(), "picture")
		put(t, path, data)
		if got, err := Read(Example{Path: path}, Limits{}); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: got %d bytes, %v, want the file's %d", format, len(got), err, len(data))
		}
	}
}

func TestTranscodeRefusesDamage(t *testing.T) {
	short := palette8(6, 5).(*image.Paletted)
	short.Pix[7] = 1
	data := encode(t, BMP, short)
	tests := []struct {
		name string
		data []byte
		h    Header
	}{
		{"cut", encode(t, BMP, gradient(6, 5))[:80], Header{BMP, 6, 5, 1}},
		{"other size than checked", data, Header{BMP, 6, 6, 1}},
		{"other format than checked", data, Header{TIFF, 6, 5, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := transcode(tt.data, tt.h, Limits{}.orDefaults()); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want %v", err, ErrDamaged)
			}
		})
	}
}

// Scans of a few bytes each, over a picture as large as you like.
func TestPrepareRefusesManyScans(t *testing.T) {
	data := encode(t, JPEG, gradient(7, 5))
	scan := []byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 5, 0, 0x7f}
	end := len(data) - 2
	for n, want := range map[int]error{50: nil, 150: ErrTooLarge} {
		many := bytes.Join([][]byte{data[:end], bytes.Repeat(scan, n), data[end:]}, nil)
		if _, _, err := Prepare(many, Limits{}); !errors.Is(err, want) {
			t.Errorf("%d scans: got %v, want %v", n, err, want)
		}
	}
}
