package testmodel

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
)

// Image draws the i-th of a series of distinct images, 80 pixels wide and 60 high.
func Image(i int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 80, 60))
	for p := range 80 * 60 {
		img.Set(p%80, p/80, color.RGBA{uint8(40 * i), uint8(p * (i + 1) / 7), uint8(p%80 + 20*i), 255})
	}
	return img
}

// JPEG returns [Image] i as JPEG.
func JPEG(i int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, Image(i), nil); err != nil {
		panic(err) // writes to memory
	}
	return b.Bytes()
}

// Half returns [JPEG] i with a restart marker among its pixels, for which libjpeg takes the rest as missing: it decodes,
// with a warning.
func Half(i int) []byte {
	encoded := JPEG(i)
	copy(encoded[len(encoded)*3/4:], "\xff\xd3")
	return encoded
}

// Turned returns [JPEG] i with an EXIF orientation, 1 to 8 (Exif 2.3, tag 0x0112).
func Turned(i, orientation int) []byte {
	plain := JPEG(i)
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	binary.BigEndian.PutUint16(exif[24:], uint16(orientation))
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return bytes.Join([][]byte{plain[:2], segment, exif, plain[2:]}, nil)
}
