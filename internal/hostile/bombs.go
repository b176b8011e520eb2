package hostile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"slices"

	"golang.org/x/image/tiff"
)

// bombs are small files that demand much memory or time, or that are not images, by name.
func bombs() map[string][]byte {
	small := encode(png.Encode, image.NewGray(image.Rect(0, 0, 40, 30)))
	photo := encode(func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }, image.NewRGBA(image.Rect(0, 0, 64, 64)))
	gray := encode(func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }, image.NewGray(image.Rect(0, 0, 64, 64)))
	zeros := deflated(64 << 20)
	all := map[string][]byte{
		"nothing":                   {},
		"one byte":                  {0xff},
		"zeros":                     make([]byte, 5000),
		"text":                      []byte("these are the voyages\n"),
		"HTML":                      []byte("<!doctype html><script>alert(1)</script>"),
		"SVG":                       []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`),
		"zip":                       []byte("PK\x03\x04\x14\x00\x00\x00"),
		"PDF":                       []byte("%PDF-1.7\n"),
		"JPEG marker alone":         {0xff, 0xd8, 0xff},
		"JPEG fill bytes":           append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff}, 300_000)...),
		"JPEG segments":             append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff, 0xe5, 0, 2}, 20_000)...),
		"JPEG scans":                scans(photo, 100_000),
		"JPEG scans of many pixels": manyPixels(gray),
		"JPEG of 65000 by 65000":    jpegSize(photo, 65_000, 65_000),
		"JPEG of no height":         jpegSize(photo, 64, 0),
		"JPEG of four components":   fourComponents(photo),
		"PNG of 60000 by 60000":     pngSize(60_000, 60_000, nil),
		"PNG of no size":            pngSize(0, 0, nil),
		"PNG of 2^31 by 1":          pngSize(math.MaxInt32, 1, nil),
		"PNG data without end":      pngSize(40, 30, zeros),
		"PNG text bomb":             inserted(small, chunk("zTXt", append([]byte("a\x00\x00"), zeros...))),
		"PNG text bombs":            inserted(small, bytes.Repeat(chunk("zTXt", append([]byte("a\x00\x00"), zeros...)), 50)),
		"PNG international bomb":    inserted(small, chunk("iTXt", append([]byte("a\x00\x01\x00\x00\x00"), zeros...))),
		"PNG profile bomb":          inserted(small, chunk("iCCP", append([]byte("a\x00\x00"), zeros...))),
		"PNG chunks":                inserted(small, bytes.Repeat(chunk("tEXt", []byte("a\x00b")), 100_000)),
		"PNG chunk of 2 GiB":        inserted(small, binary.BigEndian.AppendUint32(nil, math.MaxInt32)),
		"PNG without palette":       encodePNG(40, 30, 3),
		"GIF frames":                frames(300),
		"GIF frame beyond canvas":   beyond(),
		"GIF of 65535 by 65535":     append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00"), make([]byte, 6)...),
		"TIFF directory loop":       tiffLoop(),
		"TIFF directory of 65535":   append([]byte("II*\x00\x08\x00\x00\x00\xff\xff"), make([]byte, 65535*12)...),
		"TIFF of 4 billion strips":  tiffCount(math.MaxUint32),
		"TIFF bomb": encode(func(w io.Writer, m image.Image) error {
			return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate})
		}, image.NewGray(image.Rect(0, 0, 9000, 9000))),
		"WebP of 16384 by 16384": webpSize(),
		"WebP cut":               webpOne()[:20],
		"BMP of a billion":       bmpSize(1<<30, 1<<30, 24),
		"BMP upside down":        bmpSize(40, -30, 24),
		"BMP of negative width":  bmpSize(-40, 30, 24),
		"BMP of 1 bit":           bmpSize(40, 30, 1),
		"BMP of 0 bits":          bmpSize(40, 30, 0),
		"flat":                   encode(png.Encode, image.NewGray(image.Rect(0, 0, 60_000, 1))),
	}
	return all
}

func encode(to func(io.Writer, image.Image) error, img image.Image) []byte {
	var b bytes.Buffer
	if err := to(&b, img); err != nil {
		panic(err) // writes to memory
	}
	return b.Bytes()
}

// deflated returns n zeros compressed by zlib, a thousandth of their size.
func deflated(n int) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := io.CopyN(w, zero{}, int64(n))
	if err != nil || w.Close() != nil {
		panic(err) // writes to memory
	}
	return b.Bytes()
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const pngHeader = 33 // signature and IHDR

func inserted(encoded, chunks []byte) []byte {
	return slices.Concat(encoded[:pngHeader], chunks, encoded[pngHeader:])
}

// pngSize returns a gray PNG with the given size in its header and packed as its pixels.
func pngSize(w, h uint32, packed []byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return slices.Concat(pngMagic, chunk("IHDR", append(head, 8, 0, 0, 0, 0)), chunk("IDAT", packed), chunk("IEND", nil))
}

// encodePNG returns a PNG whose color type does not match its content.
func encodePNG(w, h uint32, color byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return slices.Concat(pngMagic, chunk("IHDR", append(head, 8, color, 0, 0, 0)), chunk("IDAT", deflated(int((w+1)*h))), chunk("IEND", nil))
}

// jpegSize changes the size in the frame header.
func jpegSize(encoded []byte, w, h uint16) []byte {
	b := bytes.Clone(encoded)
	at := bytes.Index(b, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(b[at+5:], h)
	binary.BigEndian.PutUint16(b[at+7:], w)
	return b
}

// emptyScan is a progressive scan that refines nothing.
var emptyScan = []byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 5, 0, 0x7f}

// scans repeats an empty scan.
func scans(encoded []byte, n int) []byte {
	end := len(encoded) - 2
	return slices.Concat(encoded[:end], bytes.Repeat(emptyScan, n), encoded[end:])
}

// manyPixels returns a progressive JPEG just below the limits on pixels and scans; each scan costs a pass over all pixels.
func manyPixels(encoded []byte) []byte {
	b := jpegSize(encoded, 9900, 9900)
	b[bytes.Index(b, []byte{0xff, 0xc0})+1] = 0xc2
	at := bytes.Index(b, []byte{0xff, 0xda})
	return slices.Concat(b[:at], bytes.Repeat(emptyScan, 99), []byte{0xff, 0xd9})
}

// frames returns an animation of large images of one color.
func frames(n int) []byte {
	one := encode(func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) },
		image.NewPaletted(image.Rect(0, 0, 3000, 3000), color.Palette{color.Black, color.White}))
	from, to := bytes.IndexByte(one, ','), len(one)-1
	return slices.Concat(one[:from], bytes.Repeat(one[from:to], n), one[to:])
}

// beyond returns a GIF whose image is larger than its canvas.
func beyond() []byte {
	b := encode(func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) },
		image.NewPaletted(image.Rect(0, 0, 30, 30), color.Palette{color.Black, color.White}))
	at := bytes.IndexByte(b, ',')
	binary.LittleEndian.PutUint16(b[at+5:], 0xffff)
	binary.LittleEndian.PutUint16(b[at+7:], 0xffff)
	return b
}

func tiffLoop() []byte {
	b := encode(func(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) }, image.NewGray(image.Rect(0, 0, 8, 8)))
	binary.LittleEndian.PutUint32(b[len(b)-4:], 8) // the next directory is the first
	return b
}

// tiffCount returns a TIFF that claims to have n strips.
func tiffCount(n uint32) []byte {
	b := encode(func(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) }, image.NewGray(image.Rect(0, 0, 8, 8)))
	const strips = 273 // StripOffsets, TIFF 6.0 §8
	at := int(binary.LittleEndian.Uint32(b[4:]))
	for entry := at + 2; entry+12 <= len(b); entry += 12 {
		if binary.LittleEndian.Uint16(b[entry:]) == strips {
			binary.LittleEndian.PutUint32(b[entry+4:], n)
		}
	}
	return b
}

// webpSize returns a WebP with 16384 by 16384 in its VP8L header.
func webpSize() []byte {
	b := webpOne()
	binary.LittleEndian.PutUint32(b[21:], 16383|16383<<14)
	return b
}

func bmpSize(w, h int32, bits uint16) []byte {
	b := []byte("BM")
	for _, v := range []uint32{0, 0, 54, 40, uint32(w), uint32(h)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, 1), bits)
	return append(b, make([]byte, 24+40*30*3)...)
}

// fourComponents changes the frame header of a JPEG to CMYK.
func fourComponents(encoded []byte) []byte {
	at := bytes.Index(encoded, []byte{0xff, 0xc0})
	b := bytes.Clone(encoded[:at])
	b = append(b, 0xff, 0xc0, 0, 8+3*4, 8, 0, 1, 0, 1, 4)
	for id := range byte(4) {
		b = append(b, id+1, 0x11, 0)
	}
	length := int(encoded[at+2])<<8 | int(encoded[at+3])
	return append(b, encoded[at+2+length:]...)
}
