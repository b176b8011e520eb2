// Package curve computes precision-recall and ROC curves and the calibration of a classifier by their exact definitions,
// without interpolation. Start with [PrecisionRecall], [ROC] and [Calibrate].
//
// Every distinct score is a threshold, so the order of images with equal scores does not matter. An undefined value, such
// as recall without positives, is NaN. A NaN score ranks below all others.
package curve

import (
	"cmp"
	"math"
	"slices"
)

// Point is one threshold's point of a curve.
type Point struct {
	X, Y      float64
	Threshold float64 // scores of at least this are predicted positive; +Inf if none is
}

// Curve holds the points from the highest threshold to the lowest.
type Curve struct {
	Points []Point
	Area   float64 // NaN if undefined
}

// counts are the true and false positives at a threshold.
type counts struct {
	threshold  float64
	hits, rest int
}

// PrecisionRecall returns recall as X and precision as Y, starting at (0, 1), where none is predicted positive. Its area is
// the average precision: the precisions weighted by the increase in recall at each threshold. Without positives there are
// no points and the area is NaN.
func PrecisionRecall(scores []float32, positive []bool) Curve {
	steps, all := sweep(scores, positive)
	if all.hits == 0 {
		return Curve{Area: math.NaN()}
	}
	c := Curve{Points: []Point{{X: 0, Y: 1, Threshold: math.Inf(1)}}}
	for _, at := range steps {
		p := Point{X: share(at.hits, all.hits), Y: share(at.hits, at.hits+at.rest), Threshold: at.threshold}
		c.Area += (p.X - c.Points[len(c.Points)-1].X) * p.Y
		c.Points = append(c.Points, p)
	}
	return c
}

// ROC returns the false positive rate as X and the true positive rate (recall) as Y, from (0, 0) to (1, 1). Its area by
// trapezoids is the probability that a positive scores above a negative, a tie counting half (Fawcett 2006). Without
// positives or without negatives there are no points and the area is NaN.
func ROC(scores []float32, positive []bool) Curve {
	steps, all := sweep(scores, positive)
	if all.hits == 0 || all.rest == 0 {
		return Curve{Area: math.NaN()}
	}
	c := Curve{Points: []Point{{Threshold: math.Inf(1)}}}
	for _, at := range steps {
		before := c.Points[len(c.Points)-1]
		p := Point{X: share(at.rest, all.rest), Y: share(at.hits, all.hits), Threshold: at.threshold}
		c.Area += (p.X - before.X) * (p.Y + before.Y) / 2
		c.Points = append(c.Points, p)
	}
	return c
}

// sweep lowers the threshold from one distinct score to the next. The last counts are those of all scores.
func sweep(scores []float32, positive []bool) (steps []counts, all counts) {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	var at counts
	for n, i := range order {
		if positive[i] {
			at.hits++
		} else {
			at.rest++
		}
		if n+1 == len(order) || cmp.Compare(scores[order[n+1]], scores[i]) != 0 {
			at.threshold = float64(scores[i])
			steps = append(steps, at)
		}
	}
	return steps, at
}

func share(part, whole int) float64 { return float64(part) / float64(whole) }
