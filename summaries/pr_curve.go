package summaries

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// thresholds of a curve, evenly spread from 0 to 1, as TensorBoard has them by
// default.
const thresholds = 201

// The rows of a curve's tensor (tensorboard/plugins/pr_curve/metadata.py).
const (
	truePositives = iota
	falsePositives
	trueNegatives
	falseNegatives
	precision
	recall
	rows
)

// PRCurve counts how precision falls as recall rises, for one class. It takes no
// more memory for more pictures; the zero value has seen none.
type PRCurve struct {
	hits, rest [thresholds]int // positives and negatives that reach this threshold and not the next
}

// Add counts a picture that the class gives a score, from 0 to 1, and that is or
// is not of the class. What lies beyond either end, or is NaN, counts as there.
func (c *PRCurve) Add(score float32, positive bool) {
	reached := 0
	if score > 0 {
		reached = int(min(score, 1) * (thresholds - 1))
	}
	if positive {
		c.hits[reached]++
	} else {
		c.rest[reached]++
	}
}

// PRCurve adds a curve: [6, 201] numbers, for a threshold each 0.005.
func (w *Writer) PRCurve(step int64, tag string, c *PRCurve) error {
	// PrCurvePluginData{num_thresholds}
	content := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), thresholds)
	return w.addValues("PR curve", step, tensorOf(tag, "pr_curves", content, floats(c.tensor(), rows, thresholds)))
}

// tensor gives the rows one after the other.
func (c *PRCurve) tensor() []float32 {
	var above [thresholds + 1]struct{ hits, rest int }
	for k := thresholds - 1; k >= 0; k-- {
		above[k].hits, above[k].rest = above[k+1].hits+c.hits[k], above[k+1].rest+c.rest[k]
	}
	values := make([]float32, rows*thresholds)
	all := above[0]
	for k, at := range above[:thresholds] {
		for row, v := range [rows]float64{
			truePositives: float64(at.hits), falsePositives: float64(at.rest),
			trueNegatives: float64(all.rest - at.rest), falseNegatives: float64(all.hits - at.hits),
			precision: share(at.hits, at.hits+at.rest), recall: share(at.hits, all.hits),
		} {
			values[row*thresholds+k] = float32(v)
		}
	}
	return values
}

// share of nothing is 0.
func share(part, whole int) float64 { return float64(part) / float64(max(1, whole)) }
