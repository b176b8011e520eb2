package report

import (
	"image"
	"image/color"

	"alexnet/eval"
)

// Filters are conv1's, as pictures.
type Filters struct {
	Image Image
	Count int
	Side  int // of a filter, in pixels
}

// filters are those of the model's conv1 [H,W,3,K].
func filters(model *eval.Classifier) (*Filters, error) {
	values, shape := model.Values("conv1/weights")
	if len(values) == 0 {
		return nil, nil
	}
	side, count := int(shape[0]), int(shape[3])
	img, err := asPNG(filterSheet(values, side, count))
	return &Filters{img, count, side}, err
}

// filterSheet puts them side by side, each stretched from its own lowest value to its highest. The network reads BGR.
func filterSheet(values []float32, side, count int) *image.NRGBA {
	const across = 16
	columns, pitch := min(across, count), side+1
	rows := (count + columns - 1) / columns
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*pitch-1, rows*pitch-1))
	for k := range count {
		low, high := bounds(values, k, count)
		for i := range side * side {
			level := func(channel int) uint8 {
				return uint8(255 * (values[(3*i+channel)*count+k] - low) / (high - low))
			}
			sheet.SetNRGBA(k%columns*pitch+i%side, k/columns*pitch+i/side, color.NRGBA{level(2), level(1), level(0), 255})
		}
	}
	return sheet
}

// bounds are the k-th filter's smallest and largest value, never the same.
func bounds(values []float32, k, count int) (low, high float32) {
	low, high = values[k], values[k]
	for i := k; i < len(values); i += count {
		low, high = min(low, values[i]), max(high, values[i])
	}
	if !(high > low) {
		high = low + 1
	}
	return low, high
}
