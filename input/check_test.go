package input

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/internal/hint"
)

// palette8 is a BMP or PNG of one byte a pixel.
func palette8(w, h int) image.Image {
	return image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.NRGBA{200, 10, 30, 255}})
}

func TestCheckAccepts(t *testing.T) {
	jpg, pic := encode(t, JPEG, gradient(7, 5)), encode(t, PNG, gradient(7, 5))
	six := string(exif(binary.LittleEndian, 0x0112, 3, 1, 6))
	tiffWith := append(bytes.Clone(encode(t, TIFF, gradient(7, 5))), 0)
	cmyk := bytes.Clone(jpg)
	progressive := bytes.Clone(jpg)
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	cmyk[sof+9] = 4
	progressive[sof+1] = 0xc2
	long := jpg
	for range 3 {
		long = withSegment(long, 0xe2, strings.Repeat("profile", 9000))
	}
	tests := []struct {
		name   string
		data   []byte
		format Format
		orient int
	}{
		{"jpeg", jpg, JPEG, 1},
		{"gray jpeg", encode(t, JPEG, image.NewGray(image.Rect(0, 0, 7, 5))), JPEG, 1},
		{"cmyk jpeg", cmyk, JPEG, 1},
		{"progressive jpeg", progressive, JPEG, 1},
		{"jpeg with orientation", oriented(t, 7, 5, 8), JPEG, 8},
		{"jpeg with long segments before", long, JPEG, 1},
		{"jpeg with xmp before exif", withSegment(oriented(t, 7, 5, 3), 0xe1, "http://ns.adobe.com/xap/1.0/\x00"), JPEG, 3},
		{"jpeg with fill bytes", bytes.Join([][]byte{jpg[:2], {0xff, 0xff}, jpg[2:]}, nil), JPEG, 1},
		{"png", pic, PNG, 1},
		{"16-bit png", encode(t, PNG, image.NewNRGBA64(image.Rect(0, 0, 7, 5))), PNG, 1},
		{"palette png", encode(t, PNG, palette8(7, 5)), PNG, 1},
		{"png with orientation", withChunk(pic, "eXIf", six), PNG, 6},
		{"gif", encode(t, GIF, gradient(7, 5)), GIF, 1},
		{"bmp", encode(t, BMP, gradient(7, 5)), BMP, 1},
		{"palette bmp", encode(t, BMP, palette8(7, 5)), BMP, 1},
		{"webp", encode(t, WebP, gradient(7, 5)), WebP, 1},
		{"webp with orientation", riff("VP8L", solidWebP(7, 5, color.NRGBA{})[20:], "EXIF", six), WebP, 6},
		{"tiff", tiffWith, TIFF, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Check(bytes.NewReader(tt.data), int64(len(tt.data)), Limits{}, WebP, TIFF)
			if want := (Header{tt.format, 7, 5, tt.orient}); err != nil || got != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

func TestCheckRejects(t *testing.T) {
	jpg, pic := encode(t, JPEG, gradient(7, 5)), encode(t, PNG, gradient(7, 5))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	patch := func(data []byte, at int, with ...byte) []byte {
		data = bytes.Clone(data)
		copy(data[at:], with)
		return data
	}
	bitmap := encode(t, BMP, gradient(7, 5))
	tests := []struct {
		name   string
		data   []byte
		reason error
		words  string // substring of the message or the hint
	}{
		{"nothing", nil, ErrEmpty, ""},
		{"webp not enabled", encode(t, WebP, gradient(7, 5)), ErrFormat, "--formats webp"},
		{"tiff not enabled", encode(t, TIFF, gradient(7, 5)), ErrFormat, "--formats tiff"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), ErrFormat, "HEIC"},
		{"avif", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), ErrFormat, "AVIF"},
		{"pdf", []byte("%PDF-1.7\n"), ErrFormat, "PDF"},
		{"zip", []byte("PK\x03\x04\x14\x00"), ErrFormat, "zip"},
		{"svg", []byte("<?xml version=\"1.0\"?>\n<svg xmlns=…>"), ErrFormat, "SVG"},
		{"html", []byte("\n<!DOCTYPE html><title>404</title>"), ErrFormat, "HTML"},
		{"text", []byte("cat\n"), ErrFormat, "text"},
		{"text like bmp", []byte("BMW, Audi, Volkswagen and others"), ErrFormat, "text"},
		{"lfs pointer", []byte("version https://git-lfs.github.com/spec/v1\n"), ErrFormat, "git lfs pull"},
		{"unknown", []byte{0, 1, 2, 3}, ErrFormat, "00 01 02 03"},
		{"jpeg with three bytes", jpg[:3], ErrDamaged, "truncated"},
		{"jpeg cut in frame header", jpg[:sof+6], ErrDamaged, "truncated"},
		{"jpeg without frame", []byte("\xff\xd8\xff\xd9"), ErrDamaged, "frame header"},
		{"jpeg scan before frame", []byte("\xff\xd8\xff\xda\x00\x02"), ErrDamaged, "frame header"},
		{"jpeg segment of length 1", []byte("\xff\xd8\xff\xe0\x00\x01"), ErrDamaged, "length 1"},
		{"jpeg of garbage", append([]byte("\xff\xd8\xff"), make([]byte, 1<<18)...), ErrDamaged, "missing JPEG segment"},
		{"arithmetic jpeg", patch(jpg, sof+1, 0xc9), ErrFormat, "arithmetic"},
		{"lossless jpeg", patch(jpg, sof+1, 0xc3), ErrFormat, "lossless"},
		{"hierarchical jpeg", patch(jpg, sof+1, 0xc5), ErrFormat, "hierarchical"},
		{"12-bit jpeg", patch(jpg, sof+4, 12), ErrFormat, "12 bits"},
		{"jpeg of two components", patch(jpg, sof+9, 2), ErrFormat, "2 components"},
		{"jpeg of no height", patch(jpg, sof+5, 0, 0), ErrDamaged, "7x0"},
		{"png cut in header", pic[:20], ErrDamaged, "truncated"},
		{"png without data", pic[:33], ErrDamaged, "without image data"},
		{"png with wrong checksum", patch(pic, 29, 0, 0), ErrDamaged, "checksum"},
		{"gif cut", []byte("GIF89a\x01"), ErrDamaged, "truncated"},
		{"rle bmp", patch(bitmap, 30, 1), ErrFormat, "uncompressed"},
		{"16-bit bmp", patch(bitmap, 28, 16), ErrFormat, "uncompressed"},
		{"bmp of no size", patch(bitmap, 18, 0, 0, 0, 0, 0, 0, 0, 0), ErrDamaged, "0x0"},
		{"too wide", patch(jpg, sof+7, 0x10, 0x00), ErrTooLarge, "4096x5"},
		{"too many pixels", patch(jpg, sof+5, 3, 0xe8, 3, 0xe8), ErrTooLarge, "1000000 pixels, want at most 900000"},
		{"too many bytes", append(bytes.Clone(jpg), make([]byte, 1<<20)...), ErrTooLarge, "at most 1000000"},
	}
	limits := Limits{MaxBytes: 1_000_000, MaxPixels: 900_000, MaxSide: 4000}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Check(bytes.NewReader(tt.data), int64(len(tt.data)), limits)
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, tt.reason) {
				t.Fatalf("got %v, want an *Error with reason %q", err, tt.reason)
			}
			if !strings.Contains(e.Error()+e.Hint, tt.words) {
				t.Errorf("got %q, hint %q, want the substring %q", e, e.Hint, tt.words)
			}
		})
	}
}

func TestAnimatedWebP(t *testing.T) {
	data := riff("VP8X", []byte("\x02\x00\x00\x00\x06\x00\x00\x04\x00\x00"), "ANIM", "......")
	_, err := Check(bytes.NewReader(data), int64(len(data)), Limits{}, WebP)
	if !errors.Is(err, ErrFormat) || hint.Of(err) != "convert its first frame to PNG or JPEG" {
		t.Errorf("got %v, hint %q, want %v and to convert it", err, hint.Of(err), ErrFormat)
	}
}

func TestCheckFileNamesPath(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"a.jpg": []byte("hello")})
	for _, name := range []string{"a.jpg", "missing.jpg", ""} {
		path := filepath.Join(dir, name)
		_, err := checkFile(path, Options{})
		var e *Error
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("got %v, want an *Error with path %q", err, path)
		}
	}
}

func TestUpright(t *testing.T) {
	for o := 1; o <= 8; o++ {
		w, h := Header{JPEG, 3, 2, o}.Upright()
		if turned := w == 2 && h == 3; turned != (o >= 5) || w+h != 5 {
			t.Errorf("orientation %d: got %dx%d", o, w, h)
		}
	}
}

func TestFindImagesKeepsOrder(t *testing.T) {
	files, paths := map[string][]byte{}, []string{}
	for _, name := range strings.Split("q w e r t y u i o p a s d f g h", " ") {
		files[name] = encode(t, PNG, gradient(2+len(files), 3))
		if len(files)%4 == 0 {
			files[name] = []byte("text")
		}
	}
	dir := writeFiles(t, files)
	for _, name := range strings.Split("p o i u y t r e w q", " ") {
		paths = append(paths, filepath.Join(dir, name))
	}
	examples, excluded := FindImages(paths, nil, Options{})
	if len(examples)+len(excluded) != len(paths) || len(excluded) != 2 {
		t.Fatalf("got %d examples and %d excluded of %d paths", len(examples), len(excluded), len(paths))
	}
	at := 0
	for _, ex := range examples {
		for paths[at] != ex.Path {
			at++
		}
		if ex.Label != -1 || ex.Size == 0 || ex.Width < 2 {
			t.Errorf("got %+v", ex)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, format := range []Format{JPEG, PNG, GIF, BMP, WebP, TIFF} {
		f.Add(encode(f, format, gradient(7, 5)))
	}
	f.Add(oriented(f, 4, 4, 6))
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := Limits{MaxPixels: 1 << 16}
		h, err := Check(bytes.NewReader(data), int64(len(data)), limits, WebP, TIFF)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || h != (Header{}) {
				t.Fatalf("got %v and %v, want an *Error and no header", h, err)
			}
			return
		}
		if h.Width < 1 || h.Height < 1 || h.Width*h.Height > 1<<16 || h.Orientation < 1 || h.Orientation > 8 || !h.Format.known() {
			t.Fatalf("got header %+v", h)
		}
		out, err := transcode(data, h, limits)
		if err != nil {
			return
		}
		if got, err := checkBytes(out, limits.orDefaults()); err != nil || got.Width != h.Width || got.Height != h.Height {
			t.Fatalf("converted to %v, %v, want size of %v", got, err, h)
		}
	})
}
