package curve_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"alexnet/internal/curve"
)

var (
	nan = float32(math.NaN())
	inf = math.Inf(1)
)

func TestAreas(t *testing.T) {
	tests := []struct {
		name        string
		scores      []float32
		positive    []bool
		average, by float64 // average precision, area under the ROC curve
	}{
		// Precisions 1, 1/2, 2/3, 1/2 and recalls 1/2, 1/2, 1, 1.
		{"mixed", []float32{.9, .8, .7, .1}, []bool{true, false, true, false}, .5*1 + .5*2/3., .75},
		{"perfect", []float32{.9, .8, .2, .1}, []bool{true, true, false, false}, 1, 1},
		{"reversed", []float32{.1, .2, .8, .9}, []bool{true, true, false, false}, .5*1/3. + .5*.5, 0},
		{"all tied", []float32{.5, .5, .5, .5}, []bool{true, false, false, false}, .25, .5},
		{"tie between a positive and a negative", []float32{.9, .5, .5}, []bool{true, true, false}, .5*1 + .5*2/3., .75},
		{"no negative", []float32{.9, .5}, []bool{true, true}, 1, math.NaN()},
		{"no positive", []float32{.9, .5}, []bool{false, false}, math.NaN(), math.NaN()},
		{"nothing", nil, nil, math.NaN(), math.NaN()},
		{"NaN comes last", []float32{nan, .5, nan}, []bool{false, true, false}, 1, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			near(t, "average precision", curve.PrecisionRecall(test.scores, test.positive).Area, test.average)
			near(t, "area under the ROC curve", curve.ROC(test.scores, test.positive).Area, test.by)
		})
	}
}

func TestPoints(t *testing.T) {
	scores, positive := []float32{.75, .25, .75, .5}, []bool{true, false, false, true}
	pr := []curve.Point{{0, 1, inf}, {.5, .5, .75}, {1, 2 / 3., .5}, {1, .5, .25}}
	if got := curve.PrecisionRecall(scores, positive).Points; !reflect.DeepEqual(got, pr) {
		t.Errorf("precision against recall: got %v, want %v", got, pr)
	}
	roc := []curve.Point{{0, 0, inf}, {.5, .5, .75}, {.5, 1, .5}, {1, 1, .25}}
	if got := curve.ROC(scores, positive).Points; !reflect.DeepEqual(got, roc) {
		t.Errorf("ROC: got %v, want %v", got, roc)
	}
	if got := curve.ROC(scores, make([]bool, 4)).Points; got != nil {
		t.Errorf("ROC without a positive: got %v, want no points", got)
	}
}

// ranking draws scores, many of them tied, with a positive and a negative among them.
func ranking(t *rapid.T) (scores []float32, positive []bool) {
	n := rapid.IntRange(2, 40).Draw(t, "n")
	for range n {
		scores = append(scores, float32(rapid.IntRange(-8, 8).Draw(t, "score")))
		positive = append(positive, rapid.Bool().Draw(t, "positive"))
	}
	positive[0], positive[1] = true, false
	return scores, positive
}

func TestAreasProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores, positive := ranking(t)
		roc, pr := curve.ROC(scores, positive).Area, curve.PrecisionRecall(scores, positive).Area
		mapped, turned, sure := make([]float32, len(scores)), make([]float32, len(scores)), make([]float32, len(scores))
		share := 0.0
		for i, s := range scores {
			mapped[i], turned[i] = s*s*s+2*s, -s
			if positive[i] {
				share += 1 / float64(len(scores))
				sure[i] = 1
			}
		}
		for name, pair := range map[string][2]float64{
			"ROC area is that of pairs":               {roc, pairs(scores, positive)},
			"ROC area under a monotone map":           {curve.ROC(mapped, positive).Area, roc},
			"average precision under a monotone map":  {curve.PrecisionRecall(mapped, positive).Area, pr},
			"ROC area of the reverse order":           {curve.ROC(turned, positive).Area, 1 - roc},
			"ROC area of a perfect order":             {curve.ROC(sure, positive).Area, 1},
			"average precision of a perfect order":    {curve.PrecisionRecall(sure, positive).Area, 1},
			"average precision of one score for all":  {curve.PrecisionRecall(make([]float32, len(scores)), positive).Area, share},
			"average precision in another order of i": {curve.PrecisionRecall(swapped(scores), swapped(positive)).Area, pr},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Fatalf("%s: got %v, want %v", name, pair[0], pair[1])
			}
		}
	})
}

// pairs is the definition: how often a positive scores above a negative.
func pairs(scores []float32, positive []bool) float64 {
	above, all := 0.0, 0.0
	for i, a := range scores {
		for j, b := range scores {
			if !positive[i] || positive[j] {
				continue
			}
			all++
			if a > b {
				above++
			} else if a == b {
				above += .5
			}
		}
	}
	return above / all
}

func swapped[T any](values []T) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[len(values)-1-i] = v
	}
	return out
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-12 {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func ExampleROC() {
	c := curve.ROC([]float32{.9, .8, .3, .1}, []bool{true, false, true, false})
	for _, p := range c.Points {
		fmt.Printf("%.1f of the negatives, %.1f of the positives\n", p.X, p.Y)
	}
	fmt.Println("area", c.Area)
	// Output:
	// 0.0 of the negatives, 0.0 of the positives
	// 0.0 of the negatives, 0.5 of the positives
	// 0.5 of the negatives, 0.5 of the positives
	// 0.5 of the negatives, 1.0 of the positives
	// 1.0 of the negatives, 1.0 of the positives
	// area 0.75
}
