package alexnet

import (
	"image"
	"image/color"
	"slices"
)

// Filters shows conv1's filters, whose weights are [11,11,3,n] in the contract's
// order of channels, as n pictures. Each runs from its own smallest weight, dark,
// to its largest, and each weight is a square of scale pixels.
func (c Preprocessing) FilterImages(weights []float32, scale int) []image.Image {
	const side = 11
	n := len(weights) / (side * side * 3)
	pictures := make([]image.Image, n)
	for k := range pictures {
		filter := make([]float32, 0, side*side*3)
		for i := k; i < len(weights); i += n {
			filter = append(filter, weights[i])
		}
		low, high := slices.Min(filter), slices.Max(filter)
		if high == low {
			high++ // one grey, whatever the value
		}
		img := image.NewNRGBA(image.Rect(0, 0, side*scale, side*scale))
		for i := range side * scale * side * scale {
			x, y := i%(side*scale), i/(side*scale)
			bgr := filter[3*(y/scale*side+x/scale):]
			stretch := func(v float32) uint8 { return toUint8(255 * (v - low) / (high - low)) }
			img.SetNRGBA(x, y, color.NRGBA{stretch(bgr[2]), stretch(bgr[1]), stretch(bgr[0]), 255})
		}
		pictures[k] = img
	}
	return pictures
}
