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

// embeddedImage is an image inside the page.
type embeddedImage struct {
	URL           template.URL
	Width, Height int
}

// thumbnailSide is the longer side of a thumbnail in pixels.
const thumbnailSide = 256

// shrink keeps the aspect ratio.
func shrink(img image.Image) *image.NRGBA {
	return imaging.Fit(img, thumbnailSide, thumbnailSide, imaging.Lanczos)
}

func asJPEG(img image.Image) (embeddedImage, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, onWhite(img), &jpeg.Options{Quality: 80})
	return embed("image/jpeg", b.Bytes(), img), err
}

func asPNG(img image.Image) (embeddedImage, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return embed("image/png", b.Bytes(), img), err
}

func embed(kind string, encoded []byte, img image.Image) embeddedImage {
	size := img.Bounds().Size()
	return embeddedImage{template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(encoded)), size.X, size.Y}
}

// onWhite blends transparent images over white, because JPEG has no transparency.
func onWhite(img image.Image) image.Image {
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		return img
	}
	size := img.Bounds().Size()
	return imaging.Overlay(imaging.New(size.X, size.Y, image.White), img, image.Point{}, 1)
}

// viewer renders images for the page.
type viewer struct {
	model  *classify.Model
	limits input.Limits
}

// upright returns the example as an upright thumbnail. If Go's decoders cannot decode it, it returns the network's
// input.
func (v viewer) upright(ctx context.Context, ex input.Example) (*image.NRGBA, error) {
	encoded, err := input.Read(ex, v.limits)
	if err != nil {
		return nil, err
	}
	if img, err := caption.Decode(encoded, ex.Orientation); err == nil {
		return shrink(img), nil
	}
	side := v.model.Source.Description.Preprocessing.Size
	square, err := v.networkInput(ctx, ex, make([]float32, side*side*3))
	if err != nil {
		return nil, err
	}
	return v.restoreAspect(square, ex), nil
}

// networkInput returns the preprocessed example as an image; into receives its values.
func (v viewer) networkInput(ctx context.Context, ex input.Example, into []float32) (image.Image, error) {
	loader := v.model.Loader([]input.Example{ex}, 1)
	loader.Limits = v.limits
	if err := loader.Load(ctx, ex, 0, into); err != nil {
		return nil, err
	}
	return v.model.Source.Description.Preprocessing.Denormalize(into), nil
}

// restoreAspect resizes the network's square input to the aspect ratio of the original image.
func (v viewer) restoreAspect(square image.Image, ex input.Example) *image.NRGBA {
	width, height := ex.Width, ex.Height
	if v.model.Source.Description.Preprocessing.Orientation {
		width, height = ex.Upright()
	}
	const maxAspect = 3
	width, height = max(width, height/maxAspect, 1), max(height, width/maxAspect, 1)
	scale := float64(thumbnailSide) / float64(max(width, height))
	return imaging.Resize(square, max(int(float64(width)*scale), 1), max(int(float64(height)*scale), 1), imaging.Linear)
}
