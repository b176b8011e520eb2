package summaries

import (
	"fmt"
	"math"

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

// PRCurve adds how precision falls as recall rises, for a class that gives each
// picture a score from 0 to 1 and of which positive tells the pictures. It keeps
// [6, 201] numbers, for a threshold each 0.005.
func (w *Writer) PRCurve(step int64, tag string, scores []float32, positive []bool) error {
	if len(scores) != len(positive) {
		return fmt.Errorf("write PR curve %q: got %d scores and %d labels, want as many", tag, len(scores), len(positive))
	}
	curve, err := prCurve(scores, positive)
	if err != nil {
		return fmt.Errorf("write PR curve %q: %w", tag, err)
	}
	// PrCurvePluginData{num_thresholds}
	content := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), thresholds)
	return w.addValues("PR curve", step, tensorOf(tag, "pr_curves", content, floats(curve, rows, thresholds)))
}

// prCurve gives the rows one after the other.
func prCurve(scores []float32, positive []bool) ([]float32, error) {
	var hits, rest [thresholds + 1]float64 // of the scores that reach this threshold and, before the sum, not the next
	for i, score := range scores {
		if !(score >= 0 && score <= 1) {
			return nil, fmt.Errorf("score %d: got %v, want 0 to 1", i, score)
		}
		reached := int(score * (thresholds - 1))
		if positive[i] {
			hits[reached]++
		} else {
			rest[reached]++
		}
	}
	for k := thresholds - 1; k >= 0; k-- {
		hits[k] += hits[k+1]
		rest[k] += rest[k+1]
	}
	curve := make([]float32, rows*thresholds)
	for k := range thresholds {
		for row, v := range [rows]float64{
			truePositives: hits[k], falsePositives: rest[k], trueNegatives: rest[0] - rest[k], falseNegatives: hits[0] - hits[k],
			precision: hits[k] / math.Max(1, hits[k]+rest[k]), recall: hits[k] / math.Max(1, hits[0]),
		} {
			curve[row*thresholds+k] = float32(v)
		}
	}
	return curve, nil
}
