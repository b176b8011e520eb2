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

// Attention is a picture of a class with what speaks for the class that came first.
type Attention struct {
	Shot
	Heat Image // the same picture under the map
}

// mostAttentions bounds the page.
const mostAttentions = 48

// attend maps a picture of each class, as surest chooses them. left counts the classes that there is no room for,
// gone are pictures that cannot be read by now.
func (v viewer) attend(ctx context.Context, s classify.Scores, options tfgraph.Options) (found []Attention, left int, gone []input.Excluded, err error) {
	cam, err := v.model.NewGradCAM(options)
	if err != nil {
		return nil, 0, nil, err
	}
	defer cam.Close()
	all := verdicts(s)
	for _, at := range surest(all, len(s.Classes)) {
		switch {
		case at < 0:
			continue
		case len(found) == mostAttentions:
			left++
			continue
		}
		a, err := v.attention(ctx, cam, s, all[at])
		var unread *input.Error
		switch {
		case ctx.Err() != nil:
			return nil, 0, nil, ctx.Err()
		case errors.As(err, &unread):
			gone = append(gone, input.ExcludedFor(s.Examples[at].Path, err))
		case err != nil:
			return nil, 0, nil, fmt.Errorf("map picture %q: %w", s.Examples[at].Path, err)
		default:
			found = append(found, a)
		}
	}
	return found, left, gone, nil
}

func (v viewer) attention(ctx context.Context, cam *classify.GradCAM, s classify.Scores, of verdict) (Attention, error) {
	ex := s.Examples[of.place]
	a := Attention{Shot: shotOf(of, ex, s.Classes, 1)}
	side := int64(v.model.Source.Description.Preprocessing.Size)
	images, err := tfgraph.Allocate(tf.Float, 1, side, side, 3)
	if err != nil {
		return a, err
	}
	defer images.Close()
	seen, err := v.seen(ctx, ex, images.Row(0))
	if err != nil {
		return a, err
	}
	maps, err := cam.Maps(ctx, images, []int32{int32(of.first)})
	if err != nil {
		return a, err
	}
	if a.Image, err = asJPEG(v.inRatio(seen, ex)); err != nil {
		return a, err
	}
	a.Heat, err = asJPEG(v.inRatio(heated(seen, maps[0]), ex))
	return a, err
}

// heated lays the map over what the network saw, the stronger the less of it shows through. The map's largest value
// is the hottest; a map of zeros leaves the picture grey.
func heated(seen image.Image, h classify.HeatMap) *image.NRGBA {
	largest := float32(0)
	for _, v := range h.Values {
		largest = max(largest, v)
	}
	colours := moreland.ExtendedBlackBody()
	colours.SetMax(1)
	size := seen.Bounds().Size()
	out := image.NewNRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			heat := 0.0
			if largest > 0 {
				heat = float64(at(h, x, y) / largest)
			}
			out.SetNRGBA(x, y, blend(seen.At(x, y), heat, colours))
		}
	}
	return out
}

// at is the map's value over a pixel of the network's input, between the centres of what conv5's units see.
func at(h classify.HeatMap, x, y int) float32 {
	column, across := between(x, h.Side)
	row, down := between(y, h.Side)
	value := func(r, c int) float32 { return h.Values[min(r, h.Side-1)*h.Side+min(c, h.Side-1)] }
	above := value(row, column)*(1-across) + value(row, column+1)*across
	below := value(row+1, column)*(1-across) + value(row+1, column+1)*across
	return above*(1-down) + below*down
}

// between is the unit at or before the pixel, and how far towards the next it is.
func between(pixel, side int) (unit int, share float32) {
	position := math.Max(0, math.Min((float64(pixel)-17)/16, float64(side-1)))
	unit = int(position)
	return unit, float32(position - float64(unit))
}

func blend(under color.Color, heat float64, colours palette.ColorMap) color.NRGBA {
	grey := float64(color.GrayModel.Convert(under).(color.Gray).Y)
	hot, err := colours.At(math.Max(0, math.Min(heat, 1)))
	if err != nil { // NaN
		hot = color.Black
	}
	r, g, b, _ := hot.RGBA()
	const strongest = .75
	share := strongest * math.Max(0, math.Min(heat, 1))
	mix := func(c uint32) uint8 { return uint8(grey*(1-share) + float64(c>>8)*share) }
	return color.NRGBA{mix(r), mix(g), mix(b), 255}
}
