package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"github.com/disintegration/imaging"
)

// encode encodes the image in the scene's format and returns the bytes and the file name extension.
func (s *scene) encode(upright *image.NRGBA) (encoded []byte, extension string, err error) {
	var stored image.Image = turn(upright, s.orientation)
	if s.gray {
		stored = gray(stored)
	}
	var b bytes.Buffer
	if s.png {
		err = png.Encode(&b, stored)
		return b.Bytes(), "png", err
	}
	err = jpeg.Encode(&b, stored, &jpeg.Options{Quality: 75 + s.rng.IntN(21)})
	return withOrientation(b.Bytes(), s.orientation), "jpg", err
}

// turn rotates or flips an upright image so that applying the EXIF orientation turns it upright again: each case is the
// inverse of tag 0x0112 (Exif 2.3, 4.6.4 A). Package imaging rotates counterclockwise.
func turn(img *image.NRGBA, orientation int) *image.NRGBA {
	switch orientation {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate90(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate270(img)
	}
	return img
}

func gray(img image.Image) *image.Gray {
	g := image.NewGray(img.Bounds())
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			g.SetGray(x, y, color.GrayModel.Convert(img.At(x, y)).(color.Gray))
		}
	}
	return g
}

// withOrientation puts an APP1 segment behind the JPEG's first marker: an EXIF header, a big-endian TIFF header, and
// one directory with one entry (Exif 2.3, 4.5.2, 4.6.2 and 4.7.2).
func withOrientation(encoded []byte, orientation int) []byte {
	if orientation == 1 || len(encoded) < 2 {
		return encoded
	}
	const (
		tag   = 0x0112
		short = 3
	)
	body := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08")
	for _, v := range []uint16{1, tag, short, 0, 1, uint16(orientation), 0, 0, 0} {
		body = binary.BigEndian.AppendUint16(body, v)
	}
	out := append([]byte{}, encoded[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), encoded[2:]...)
}
