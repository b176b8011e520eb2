package input

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gradient is an image in which adjacent pixels differ.
func gradient(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.NRGBA{uint8(40 * x), uint8(40 * y), uint8(x + y), 255})
		}
	}
	return img
}

func encode(t testing.TB, format Format, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case JPEG:
		err = jpeg.Encode(&b, img, nil)
	case PNG:
		err = png.Encode(&b, img)
	case GIF:
		err = gif.Encode(&b, img, nil)
	case BMP:
		err = bmp.Encode(&b, img)
	case TIFF:
		err = tiff.Encode(&b, img, nil)
	case WebP:
		return solidWebP(img.Bounds().Dx(), img.Bounds().Dy(), color.NRGBA{10, 20, 30, 255})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// solidWebP encodes a lossless WebP (VP8L) of one color: five prefix codes with one
// symbol each, so the pixels take no bits.
func solidWebP(w, h int, c color.NRGBA) []byte {
	var data uint64
	bits, out := 0, []byte{0x2f}
	put := func(v uint64, n int) {
		for i := range n {
			data |= (v >> i & 1) << bits
			if bits++; bits == 8 {
				out, data, bits = append(out, byte(data)), 0, 0
			}
		}
	}
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	put(0, 1+3+1+1+1) // alpha, version, no transform, no cache, one code group
	for _, symbol := range []uint8{c.G, c.R, c.B, c.A, 0} {
		put(1, 1) // simple code
		put(0, 1) // with one symbol
		put(1, 1) // with eight bits
		put(uint64(symbol), 8)
	}
	put(0, 32)
	return riff("VP8L", out)
}

// riff wraps chunks, given as alternating names and contents, in a WebP file.
func riff(name string, content []byte, more ...string) []byte {
	body := []byte("WEBP")
	chunk := func(name, content string) {
		body = append(body, name...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(content)))
		body = append(body, content...)
		if len(content)%2 == 1 {
			body = append(body, 0)
		}
	}
	chunk(name, string(content))
	for i := 0; i+1 < len(more); i += 2 {
		chunk(more[i], more[i+1])
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// exif encodes a TIFF directory with one entry.
func exif(order binary.AppendByteOrder, tag, typ uint16, count uint32, value uint16) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, tag)
	b = order.AppendUint16(b, typ)
	b = order.AppendUint32(b, count)
	b = order.AppendUint16(b, value)
	return append(b, 0, 0, 0, 0, 0, 0)
}

// withSegment inserts a segment after a JPEG's first two bytes.
func withSegment(jpg []byte, marker byte, content string) []byte {
	seg := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2))
	return bytes.Join([][]byte{jpg[:2], seg, []byte(content), jpg[2:]}, nil)
}

// withChunk inserts a chunk after a PNG's IHDR.
func withChunk(data []byte, name, content string) []byte {
	const ihdrEnd = 8 + 8 + 13 + 4
	c := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	c = append(append(c, name...), content...)
	c = binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
	return bytes.Join([][]byte{data[:ihdrEnd], c, data[ihdrEnd:]}, nil)
}

// oriented encodes a JPEG with an EXIF orientation.
func oriented(t testing.TB, w, h int, orientation uint16) []byte {
	return withSegment(encode(t, JPEG, gradient(w, h)), 0xe1, "Exif\x00\x00"+string(exif(binary.BigEndian, 0x0112, 3, 1, orientation)))
}

// writeFiles writes files, by name, into a new folder and returns it.
func writeFiles(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		writeFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}
