package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/disintegration/imaging"

	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/caption"
)

// Image is a picture inside the page.
type Image struct {
	URL           template.URL
	Width, Height int
}

// thumbnail is the side of the square that pictures are brought into, in pixels.
const thumbnail = 256

// shrink keeps the ratio of sides, as far as a page has room for it.
func shrink(picture image.Image) *image.NRGBA {
	return imaging.Fit(picture, thumbnail, thumbnail, imaging.Lanczos)
}

func asJPEG(picture image.Image) (Image, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, onWhite(picture), &jpeg.Options{Quality: 80})
	return embed("image/jpeg", b.Bytes(), picture), err
}

func asPNG(picture image.Image) (Image, error) {
	var b bytes.Buffer
	err := png.Encode(&b, picture)
	return embed("image/png", b.Bytes(), picture), err
}

func embed(kind string, encoded []byte, picture image.Image) Image {
	size := picture.Bounds().Size()
	return Image{template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(encoded)), size.X, size.Y}
}

// onWhite gives what is transparent a ground, as JPEG has none.
func onWhite(picture image.Image) image.Image {
	if o, ok := picture.(interface{ Opaque() bool }); ok && o.Opaque() {
		return picture
	}
	size := picture.Bounds().Size()
	return imaging.Overlay(imaging.New(size.X, size.Y, image.White), picture, image.Point{}, 1)
}

// viewer shows pictures to people.
type viewer struct {
	model  *classify.Model
	limits input.Limits
}

// small is the example upright and small. What Go's decoders do not read is shown as the network sees it.
func (v viewer) small(ctx context.Context, ex input.Example) (*image.NRGBA, error) {
	encoded, err := input.Read(ex, v.limits)
	if err != nil {
		return nil, err
	}
	if picture, err := caption.Decode(encoded, ex.Orientation); err == nil {
		return shrink(picture), nil
	}
	side := v.model.Source.Description.Preprocessing.Size
	seen, err := v.seen(ctx, ex, make([]float32, side*side*3))
	if err != nil {
		return nil, err
	}
	return v.inRatio(seen, ex), nil
}

// seen is what the network is given of the example; into gets its values.
func (v viewer) seen(ctx context.Context, ex input.Example, into []float32) (image.Image, error) {
	loader := v.model.Loader([]input.Example{ex}, 1)
	loader.Limits = v.limits
	if err := loader.Load(ctx, ex, into); err != nil {
		return nil, err
	}
	return v.model.Source.Description.Preprocessing.Denormalize(into), nil
}

// inRatio undoes that the network sees every picture as a square: its part of the photograph has the photograph's own
// ratio of sides, whether squashed whole or cut from a squashed one.
func (v viewer) inRatio(square image.Image, ex input.Example) *image.NRGBA {
	width, height := ex.Width, ex.Height
	if v.model.Source.Description.Preprocessing.Orientation {
		width, height = ex.Upright()
	}
	const narrowest = 3 // times as long as wide
	width, height = max(width, height/narrowest, 1), max(height, width/narrowest, 1)
	scale := float64(thumbnail) / float64(max(width, height))
	return imaging.Resize(square, max(int(float64(width)*scale), 1), max(int(float64(height)*scale), 1), imaging.Linear)
}
