package doctor

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"alexnet/input"
)

const (
	maxAlphaImages = 2000       // examined for hidden colors
	maxAlphaPixels = 25_000_000 // of one of them
	hiddenFraction = 0.01       // of the pixels, from which on hidden colors count
	hiddenLevels   = 16         // of 255: smaller differences are invisible
)

// checkHidden warns of images whose colors under transparent pixels, which TensorFlow decodes, differ from what a viewer
// shows on white.
func (r *Report) checkHidden(ctx context.Context, data *input.Dataset, limits input.Limits) error {
	var candidates []input.Example
	for _, ex := range slices.Concat(data.Train, data.Val) {
		if ex.Format != input.JPEG && ex.Width*ex.Height <= maxAlphaPixels && len(candidates) < maxAlphaImages {
			candidates = append(candidates, ex)
		}
	}
	hidden := make([]bool, len(candidates))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, ex := range candidates {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			encoded, _, err := input.Read(ex, limits)
			hidden[i] = err == nil && hidesColors(encoded) // an image that cannot be read is a problem already
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, h := range hidden {
		if h {
			r.Data.Hidden = append(r.Data.Hidden, candidates[i].Path)
		}
	}
	if n := len(r.Data.Hidden); n > 0 {
		r.warn("%d images have other colors under transparent pixels than a viewer shows on white, such as %s; training uses the stored colors: "+
			"flatten them, as with: magick IN -background white -alpha remove -alpha off OUT", n, r.Data.Hidden[0])
	}
	return nil
}

// hidesColors reports whether enough pixels of a PNG or GIF differ visibly from the same pixels on white. The decoders'
// panics on damaged images are ignored.
func hidesColors(encoded []byte) (hides bool) {
	defer func() {
		if recover() != nil {
			hides = false
		}
	}()
	var img image.Image
	var err error
	switch {
	case hasAlpha(encoded):
		img, err = png.Decode(bytes.NewReader(encoded))
	case bytes.HasPrefix(encoded, []byte("GIF8")):
		img, err = gif.Decode(bytes.NewReader(encoded))
	default:
		return false
	}
	if err != nil {
		return false
	}
	b := img.Bounds()
	differ := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if differs(storedColor(img, x, y)) {
				differ++
			}
		}
	}
	return float64(differ) >= hiddenFraction*float64(b.Dx()*b.Dy())
}

// storedColor is a pixel without premultiplied alpha, which keeps the color of a transparent one.
func storedColor(img image.Image, x, y int) color.NRGBA {
	switch img := img.(type) {
	case *image.NRGBA:
		return img.NRGBAAt(x, y)
	case *image.NRGBA64:
		c := img.NRGBA64At(x, y)
		return color.NRGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), uint8(c.A >> 8)}
	case *image.Paletted: // of which a PNG's palette is NRGBA; a GIF's transparent color is black, as in TensorFlow
		if c, ok := img.Palette[img.ColorIndexAt(x, y)].(color.NRGBA); ok {
			return c
		}
	}
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

// differs reports whether a color on white is visibly another.
func differs(c color.NRGBA) bool {
	darkest := min(c.R, c.G, c.B)
	return int(255-darkest)*int(255-c.A)/255 > hiddenLevels
}

// hasAlpha reports whether a PNG has transparency: color type 4 or 6, or a chunk tRNS before the pixels (PNG
// specification, §11.2.2 and §11.3.2.1).
func hasAlpha(encoded []byte) bool {
	const signature, colorType = 8, 25
	if len(encoded) <= colorType || !bytes.HasPrefix(encoded, []byte("\x89PNG")) {
		return false
	}
	if encoded[colorType] >= 4 {
		return true
	}
	for at := signature; at+8 <= len(encoded); {
		switch string(encoded[at+4 : at+8]) {
		case "tRNS":
			return true
		case "IDAT":
			return false
		}
		at += 12 + int(binary.BigEndian.Uint32(encoded[at:]))
	}
	return false
}
