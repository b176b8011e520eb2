package input

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
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
			path := filepath.Join(t.TempDir(), "image")
			writeFile(t, path, encode(t, tt.format, tt.want))
			examples, excluded := FindImages([]string{path}, nil, Options{Formats: []Format{WebP, TIFF}})
			if len(excluded) > 0 {
				t.Fatal(excluded)
			}
			data, _, err := Read(examples[0], Limits{})
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

func TestReadKeepsJPEGAndPNG(t *testing.T) {
	for _, format := range []Format{JPEG, PNG, GIF} {
		data := encode(t, format, gradient(3, 3))
		path := filepath.Join(t.TempDir(), "image")
		writeFile(t, path, data)
		if got, _, err := Read(Example{Path: path}, Limits{}); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: got %d bytes, %v, want the %d of the file", format, len(got), err, len(data))
		}
	}
}

// Concurrent reads share the slice of formats, so that nothing is written behind its end.
func TestReadDoesNotChangeFormats(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image")
	writeFile(t, path, encode(t, PNG, gradient(3, 3)))
	formats := []Format{WebP, TIFF}
	if _, _, err := Read(Example{Path: path, Header: Header{PNG, 3, 3, 1}}, Limits{}, formats[:1]...); err != nil || formats[1] != TIFF {
		t.Errorf("got %v and the formats %q, want %q", err, formats, []Format{WebP, TIFF})
	}
}

func TestTranscodeRejectsDamage(t *testing.T) {
	short := palette8(6, 5).(*image.Paletted)
	short.Pix[7] = 1
	data := encode(t, BMP, short)
	tests := []struct {
		name string
		data []byte
		h    Header
	}{
		{"truncated", encode(t, BMP, gradient(6, 5))[:80], Header{BMP, 6, 5, 1}},
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

// Each scan takes a few bytes, whatever the size of the image.
func TestPrepareRejectsManyScans(t *testing.T) {
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

// An animation is truncated after its first frame, which does not change.
func TestFirstFrame(t *testing.T) {
	first, second := palette8(7, 5).(*image.Paletted), palette8(7, 5).(*image.Paletted)
	second.Palette = append(second.Palette[:0:0], second.Palette...)
	second.Palette[0], second.Palette[1] = second.Palette[1], second.Palette[0] // its own color table
	encodeGIF := func(frames ...*image.Paletted) []byte {
		var b bytes.Buffer
		if err := gif.EncodeAll(&b, &gif.GIF{Image: frames, Delay: make([]int, len(frames))}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	still := encodeGIF(first)
	for name, data := range map[string][]byte{
		"still": still, "no trailer": still[:len(still)-1], "two": encodeGIF(first, second), "many": encodeGIF(first, second, first, first),
	} {
		got, h, err := Prepare(data, Limits{})
		if err != nil || h != (Header{GIF, 7, 5, 1}) {
			t.Fatalf("%s: got %v, %v", name, h, err)
		}
		if name == "no trailer" {
			got = append(got[:len(got):len(got)], ';')
		}
		all, err := gif.DecodeAll(bytes.NewReader(got))
		if err != nil || len(all.Image) != 1 || !reflect.DeepEqual(all.Image[0].Pix, first.Pix) {
			t.Errorf("%s: got %v, want only the first frame", name, err)
		}
	}
	two := encodeGIF(first, second)
	for n := range len(two) {
		if got, err := firstFrame(two[:n], Limits{}.orDefaults()); err != nil || len(got) > n+1 {
			t.Errorf("truncated at %d: got %d bytes, %v", n, len(got), err)
		}
	}
}

// The first frame may be larger than the logical screen.
func TestFirstFrameIsLimited(t *testing.T) {
	data := encode(t, GIF, palette8(7, 5))
	at := bytes.IndexByte(data[13+3*2<<(data[10]&7):], ',') + 13 + 3*2<<(data[10]&7)
	binary.LittleEndian.PutUint16(data[at+5:], 60_000)
	binary.LittleEndian.PutUint16(data[at+7:], 60_000)
	if _, _, err := Prepare(data, Limits{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
}

func pngChunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// Compressed text and profiles are removed anywhere, and what follows the image; all other chunks remain.
func TestTrimPNG(t *testing.T) {
	full := encode(t, PNG, gradient(9, 7))
	const header = 33
	end := len(full) - 12
	compressed := slices.Concat(pngChunk("zTXt", "a\x00\x00xyz"), pngChunk("iTXt", "b"), pngChunk("iCCP", ""))
	other := slices.Concat(pngChunk("tEXt", "a\x00b"), pngChunk("gAMA", "\x00\x00\xb1\x8f"))
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	cases := map[string]struct{ got, want []byte }{
		"nothing to remove":     {join(full[:header], other, full[header:]), join(full[:header], other, full[header:])},
		"before the pixels":     {join(full[:header], compressed, full[header:]), full},
		"between others":        {join(full[:header], compressed, other, compressed, full[header:]), join(full[:header], other, full[header:])},
		"after the pixels":      {join(full[:end], compressed, full[end:]), full},
		"after the image":       {join(full, compressed, other), full},
		"truncated chunk":       {join(full[:header], compressed[:20]), join(full[:header], compressed[18:20])},
		"truncated length":      {join(full[:header], []byte{0, 0}), join(full[:header], []byte{0, 0})},
		"length beyond the end": {join(full[:header], []byte("\xff\xff\xff\xffzTXtabcdefgh")), join(full[:header], []byte("\xff\xff\xff\xffzTXtabcdefgh"))},
		"no chunks":             {full[:8], full[:8]},
		"nothing":               {nil, nil},
	}
	for name, c := range cases {
		before := bytes.Clone(c.got)
		if got := trimPNG(c.got); !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if !bytes.Equal(c.got, before) {
			t.Errorf("%s: the caller's bytes changed", name)
		}
	}
}

// The number of allowed scans depends on the number of pixels.
func TestJPEGScansAreLimited(t *testing.T) {
	for _, c := range []struct {
		scans, side int
		rejected    bool
	}{{100, 1000, false}, {101, 1000, true}, {20, 10_000, false}, {21, 10_000, true}} {
		encoded := append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff, 0xda, 0, 2}, c.scans)...)
		_, err := trimJPEG(encoded, Header{Width: c.side, Height: c.side})
		if (err != nil) != c.rejected {
			t.Errorf("%d scans, %d pixels per side: got %v, want rejected: %v", c.scans, c.side, err, c.rejected)
		}
	}
}

func TestScanJPEG(t *testing.T) {
	const soi, eoi, sos = "\xff\xd8", "\xff\xd9", "\xff\xda\x00\x04??data\xff\x00data"
	cases := map[string]struct {
		image string
		scans int
	}{
		"one scan":                        {soi + sos + eoi, 1},
		"progressive":                     {soi + sos + "\xff\xc4\x00\x03?" + sos + sos + eoi, 3},
		"an image in a segment":           {soi + "\xff\xe1\x00\x17" + soi + sos + eoi + "??" + sos + eoi, 1},
		"restarts":                        {soi + sos + "\xff\xd0data\xff\xd7data" + eoi, 1},
		"fill bytes":                      {soi + "\xff\xff\xff" + sos + "\xff" + eoi, 1},
		"a stuffed zero after fill bytes": {soi + sos + "\xff\xff\x00" + eoi, 1},
		"bytes between segments":          {soi + "??\x00" + sos + "??" + eoi, 1},
		"scans behind an invalid marker":  {soi + sos + "\xff\x02\xff\xff" + sos + eoi, 2},
		"a segment of length 0":           {soi + "\xff\xe0\x00\x00" + sos + eoi, 1},
		"no scan":                         {soi + eoi, 0},
	}
	for name, c := range cases {
		for _, trailer := range []string{"", "\x00\x00ftypmp42" + strings.Repeat(sos, 9) + eoi, soi + sos + eoi} {
			if end, scans := scanJPEG([]byte(c.image + trailer)); end != len(c.image) || scans != c.scans {
				t.Errorf("%s, then %d bytes: got end %d and %d scans, want %d and %d", name, len(trailer), end, scans, len(c.image), c.scans)
			}
		}
		whole := []byte(c.image)
		for n := range whole {
			if end, _ := scanJPEG(whole[:n]); end != n {
				t.Errorf("%s, truncated at %d: got end %d", name, n, end)
			}
		}
	}
}

// A motion photo, an archive or raw data behind an image change nothing.
func TestPrepareIgnoresWhatFollowsAnImage(t *testing.T) {
	video := bytes.Repeat([]byte("MotionPhoto_Data\x00\x00\x00\x18ftypmp42\xff\xda\x00\x08\xff\xd9IEND"), 1000)
	for _, format := range []Format{JPEG, PNG, GIF, BMP, WebP, TIFF} {
		for name, data := range map[string][]byte{"video": video, "zip": []byte("PK\x03\x04\x14\x00"), "zeros": make([]byte, 5000), "another image": encode(t, format, gradient(9, 9)),
			"metadata": exif(binary.LittleEndian, 0x0112, 3, 1, 6)} {
			t.Run(string(format)+", "+name, func(t *testing.T) {
				image := encode(t, format, gradient(7, 5))
				want, header, err := Prepare(image, Limits{}, WebP, TIFF)
				if err != nil {
					t.Fatal(err)
				}
				got, h, err := Prepare(slices.Concat(image, data), Limits{}, WebP, TIFF)
				if err != nil || h != header || !bytes.Equal(got, want) {
					t.Errorf("got %d bytes, %v, %v, want %d and %v", len(got), h, err, len(want), header)
				}
			})
		}
	}
}
