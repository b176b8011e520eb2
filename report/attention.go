package report

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"

	tf "github.com/wamuir/graft/tensorflow"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"

	"alexnet/classify"
	"alexnet/input"
	"alexnet/tfgraph"
)

// attention is an image with its Grad-CAM map for the predicted class.
type attention struct {
	thumbnail
	Overlay embeddedImage // the image with the map
}

// maxAttentions bounds the page.
const maxAttentions = 48

// attentions computes the Grad-CAM map of an image per class, see mostConfident. omitted counts the classes beyond
// maxAttentions.
func (v *viewer) attentions(ctx context.Context, s classify.Scores, options tfgraph.Options) (found []attention, omitted int, err error) {
	cam, err := v.model.NewGradCAM(options)
	if err != nil {
		return nil, 0, err
	}
	defer cam.Close()
	all := predictions(s)
	for _, at := range mostConfident(all, len(s.Classes)) {
		switch {
		case at < 0:
			continue
		case len(found) == maxAttentions:
			omitted++
			continue
		}
		a, err := v.attention(ctx, cam, s, all[at])
		var unread *input.Error
		switch {
		case ctx.Err() != nil:
			return nil, 0, ctx.Err()
		case errors.As(err, &unread):
			v.excluded = append(v.excluded, input.ExcludedFor(s.Examples[at].Path, err))
		case err != nil:
			return nil, 0, fmt.Errorf("compute Grad-CAM of %q: %w", s.Examples[at].Path, err)
		default:
			found = append(found, a)
		}
	}
	return found, omitted, nil
}

func (v viewer) attention(ctx context.Context, cam *classify.GradCAM, s classify.Scores, of prediction) (attention, error) {
	ex := s.Examples[of.index]
	a := attention{thumbnail: newThumbnail(of, ex, s.Classes, 1)}
	side := int64(v.model.Source.Description.Preprocessing.Size)
	images, err := tfgraph.Allocate(tf.Float, 1, side, side, 3)
	if err != nil {
		return a, err
	}
	defer images.Close()
	img, err := v.networkInput(ctx, ex, images.Row(0))
	if err != nil {
		return a, err
	}
	maps, err := cam.Maps(ctx, images, []int32{int32(of.predicted)})
	if err != nil {
		return a, err
	}
	if a.Image, err = asJPEG(v.restoreAspect(img, ex)); err != nil {
		return a, err
	}
	a.Overlay, err = asJPEG(v.restoreAspect(overlay(img, maps[0]), ex))
	return a, err
}

// overlay blends the map over the network's input, more opaque where the map is larger. Values are relative to the
// map's maximum; a map of zeros leaves the image gray.
func overlay(img image.Image, h classify.HeatMap) *image.NRGBA {
	largest := float32(0)
	for _, v := range h.Values {
		largest = max(largest, v)
	}
	colors := moreland.ExtendedBlackBody()
	colors.SetMax(1)
	size := img.Bounds().Size()
	out := image.NewNRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			value := 0.0
			if largest > 0 {
				value = float64(interpolate(h, x, y) / largest)
			}
			out.SetNRGBA(x, y, blend(img.At(x, y), value, colors))
		}
	}
	return out
}

// interpolate returns the map's value at a pixel of the network's input, interpolated bilinearly between the centers
// of the units' receptive fields.
func interpolate(h classify.HeatMap, x, y int) float32 {
	column, across := unitAt(x, h)
	row, down := unitAt(y, h)
	value := func(r, c int) float32 { return h.Values[min(r, h.Side-1)*h.Side+min(c, h.Side-1)] }
	above := value(row, column)*(1-across) + value(row, column+1)*across
	below := value(row+1, column)*(1-across) + value(row+1, column+1)*across
	return above*(1-down) + below*down
}

// unitAt returns the unit at or before the pixel, and the fraction of the distance to the next one.
func unitAt(pixel int, h classify.HeatMap) (unit int, fraction float32) {
	position := math.Max(0, math.Min(float64(pixel-h.Offset)/float64(h.Stride), float64(h.Side-1)))
	unit = int(position)
	return unit, float32(position - float64(unit))
}

func blend(under color.Color, value float64, colors palette.ColorMap) color.NRGBA {
	gray := float64(color.GrayModel.Convert(under).(color.Gray).Y)
	hot, err := colors.At(math.Max(0, math.Min(value, 1)))
	if err != nil { // NaN
		hot = color.Black
	}
	r, g, b, _ := hot.RGBA()
	const maxOpacity = .75
	opacity := maxOpacity * math.Max(0, math.Min(value, 1))
	mix := func(c uint32) uint8 { return uint8(gray*(1-opacity) + float64(c>>8)*opacity) }
	return color.NRGBA{mix(r), mix(g), mix(b), 255}
}
