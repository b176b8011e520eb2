package summaries

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// thresholds is the number of thresholds, evenly spaced from 0 to 1: TensorBoard's default.
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

// PRCurve accumulates the precision-recall curve of one class in constant memory. The zero value is an empty curve.
type PRCurve struct {
	positives, negatives [thresholds]int // examples that reach this threshold but not the next
}

// Add adds an example with a score from 0 to 1 that belongs to the class or not.
// Scores outside the range are clamped; NaN counts as 0.
func (c *PRCurve) Add(score float32, positive bool) {
	reached := 0
	if score > 0 {
		reached = int(min(score, 1) * (thresholds - 1))
	}
	if positive {
		c.positives[reached]++
	} else {
		c.negatives[reached]++
	}
}

// PRCurve adds a curve: [6, 201] values, for thresholds 0.005 apart.
func (w *Writer) PRCurve(step int64, tag string, c *PRCurve) error {
	// PrCurvePluginData{num_thresholds}
	content := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), thresholds)
	return w.addValues("PR curve", step, tensorOf(tag, "pr_curves", content, floats(c.tensor(), rows, thresholds)))
}

// tensor returns the values, row by row.
func (c *PRCurve) tensor() []float32 {
	var above [thresholds + 1]struct{ hits, rest int }
	for k := thresholds - 1; k >= 0; k-- {
		above[k].hits, above[k].rest = above[k+1].hits+c.positives[k], above[k+1].rest+c.negatives[k]
	}
	values := make([]float32, rows*thresholds)
	all := above[0]
	for k, at := range above[:thresholds] {
		for row, v := range [rows]float64{
			truePositives: float64(at.hits), falsePositives: float64(at.rest),
			trueNegatives: float64(all.rest - at.rest), falseNegatives: float64(all.hits - at.hits),
			precision: ratio(at.hits, at.hits+at.rest), recall: ratio(at.hits, all.hits),
		} {
			values[row*thresholds+k] = float32(v)
		}
	}
	return values
}

// ratio is 0 if whole is 0.
func ratio(part, whole int) float64 { return float64(part) / float64(max(1, whole)) }
