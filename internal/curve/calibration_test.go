package curve_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"alexnet/internal/curve"
)

func TestCalibrate(t *testing.T) {
	// Confidence .875 right, .625 wrong, .625 right, and .5 right: the lower of two equal ones.
	c := curve.Calibrate([][]float32{{.875, .125}, {.375, .625}, {.375, .625}, {.5, .5}}, []int{0, 0, 1, 0}, 4)
	near(t, "ECE", c.ECE, 1/4.*.125+2/4.*.125+1/4.*.5)
	near(t, "Brier", c.Brier, 2*(.125*.125+.625*.625+.375*.375+.5*.5)/4)
	want := []curve.Bin{{0, .25, 0, math.NaN(), math.NaN()}, {.25, .5, 1, .5, 1}, {.5, .75, 2, .625, .5}, {.75, 1, 1, .875, 1}}
	for i, w := range want {
		got := c.Bins[i]
		if got.From != w.From || got.To != w.To || got.Count != w.Count {
			t.Errorf("bin %d: got %+v, want %+v", i, got, w)
		}
		near(t, "confidence", got.Confidence, w.Confidence)
		near(t, "accuracy", got.Accuracy, w.Accuracy)
	}
}

func TestCalibrateEdges(t *testing.T) {
	empty := curve.Calibrate(nil, nil, 10)
	if !math.IsNaN(empty.ECE) || !math.IsNaN(empty.Brier) || len(empty.Bins) != 10 {
		t.Errorf("without images: got %+v, want NaN and ten bins", empty)
	}
	withNaN := curve.Calibrate([][]float32{{nan, nan}}, []int{0}, 10)
	if !math.IsNaN(withNaN.ECE) || !math.IsNaN(withNaN.Brier) {
		t.Errorf("of NaN: got ECE %v, Brier %v, want NaN", withNaN.ECE, withNaN.Brier)
	}
	sure := curve.Calibrate([][]float32{{1, 0}, {0, 1}}, []int{0, 1}, 10)
	if sure.ECE != 0 || sure.Brier != 0 || sure.Bins[9].Count != 2 {
		t.Errorf("sure and right: got %+v, want no error and both in the last bin", sure)
	}
	wrong := curve.Calibrate([][]float32{{1, 0}, {0, 1}}, []int{1, 0}, 10)
	if wrong.ECE != 1 || wrong.Brier != 2 {
		t.Errorf("sure and wrong: got ECE %v, Brier %v, want 1 and 2", wrong.ECE, wrong.Brier)
	}
}

// Every image is in the one bin of its confidence, and all values stay within their bounds.
func TestCalibrateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := rapid.IntRange(1, 20).Draw(t, "bins")
		var rows [][]float32
		var labels []int
		for range rapid.IntRange(1, 30).Draw(t, "images") {
			p := rapid.Float32Range(0, 1).Draw(t, "p")
			rows, labels = append(rows, []float32{p, 1 - p}), append(labels, rapid.IntRange(0, 1).Draw(t, "label"))
		}
		c := curve.Calibrate(rows, labels, bins)
		count := 0
		for _, b := range c.Bins {
			count += b.Count
			if b.Count > 0 && (b.Confidence < b.From-1e-6 || b.Confidence > b.To+1e-6 || b.Accuracy < 0 || b.Accuracy > 1) {
				t.Fatalf("got bin %+v, want its means inside", b)
			}
		}
		if count != len(rows) || !(c.ECE >= 0 && c.ECE <= 1) || !(c.Brier >= 0 && c.Brier <= 2) {
			t.Fatalf("got %d images of %d, ECE %v, Brier %v", count, len(rows), c.ECE, c.Brier)
		}
	})
}
