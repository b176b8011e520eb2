package hostile

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// validImage is an image that decodes.
type validImage struct {
	format  string // "jpeg", "png", …
	encoded []byte
}

// validImages draws images of every format and of many kinds.
func validImages(random *rand.Rand) []validImage {
	var all []validImage
	add := func(format string, encode func(w io.Writer) error) {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			panic(err) // writes to memory
		}
		all = append(all, validImage{format, b.Bytes()})
	}
	for _, size := range []image.Point{{1, 1}, {40, 30}, {97, 61}, {256, 3}} {
		img := drawn(random, size)
		gray, deep, few := image.NewGray(img.Rect), image.NewNRGBA64(img.Rect), image.NewPaletted(img.Rect, palette.WebSafe)
		for _, to := range []draw.Image{gray, deep, few} {
			draw.Draw(to, img.Rect, img, image.Point{}, draw.Src)
		}
		for _, kind := range []image.Image{img, gray} {
			add("jpeg", func(w io.Writer) error { return jpeg.Encode(w, kind, &jpeg.Options{Quality: 60}) })
		}
		for _, kind := range []image.Image{img, gray, deep, few} {
			add("png", func(w io.Writer) error { return png.Encode(w, kind) })
			add("bmp", func(w io.Writer) error { return bmp.Encode(w, kind) })
		}
		for _, c := range []tiff.CompressionType{tiff.Uncompressed, tiff.Deflate} {
			add("tiff", func(w io.Writer) error { return tiff.Encode(w, img, &tiff.Options{Compression: c, Predictor: true}) })
		}
		add("gif", func(w io.Writer) error { return gif.Encode(w, few, nil) })
		add("gif", func(w io.Writer) error {
			return gif.EncodeAll(w, &gif.GIF{Image: []*image.Paletted{few, few, few}, Delay: []int{1, 1, 1}})
		})
	}
	return append(all, validImage{"webp", webpOne()})
}

func drawn(random *rand.Rand, size image.Point) *image.NRGBA {
	img := image.NewNRGBA(image.Rectangle{Max: size})
	base := uint8(random.UintN(200))
	for y := range size.Y {
		for x := range size.X {
			img.SetNRGBA(x, y, color.NRGBA{base + uint8(x), uint8(2 * y), uint8(random.UintN(50)), 255 - uint8(x%7)})
		}
	}
	return img
}

// webpOne is a lossless WebP of one pixel.
func webpOne() []byte {
	b, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		panic(err) // a constant
	}
	return b
}
