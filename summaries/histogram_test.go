package summaries

import (
	"math"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

func TestHistogramBuckets(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	const huge = math.MaxFloat64
	last := magnitudes[len(magnitudes)-2]
	tests := []struct {
		name           string
		values         []float32
		limits, counts []float64
		skipped        int
	}{
		{"nothing", nil, nil, nil, 0},
		{"zeros of both signs", []float32{0, float32(math.Copysign(0, -1))},
			[]float64{1e-12}, []float64{2}, 0},
		{"beyond the last magnitude", []float32{-1e30, 1e30},
			[]float64{-last, last, huge}, []float64{1, 0, 1}, 0},
		{"one empty between", []float32{-1e-12, 1e-11}, []float64{0, magnitudes[24], magnitudes[25]}, []float64{1, 0, 1}, 0},
		{"not finite", []float32{inf, -inf, nan, 0}, []float64{1e-12}, []float64{1}, 3},
		{"nothing finite", []float32{inf, nan}, nil, nil, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, skipped := newHistogram(test.values)
			if !slices.Equal(h.BucketLimit, test.limits) || !slices.Equal(h.Bucket, test.counts) {
				t.Errorf("got %v below %v, want %v below %v", h.Bucket, h.BucketLimit, test.counts, test.limits)
			}
			if h.Num == 0 && (h.Min != 0 || h.Max != 0) {
				t.Errorf("empty: got values from %v to %v, want 0 to 0", h.Min, h.Max)
			}
			if skipped != test.skipped || int(h.Num) != len(test.values)-skipped {
				t.Errorf("got %v counted and %d skipped, want %d skipped", h.Num, skipped, test.skipped)
			}
		})
	}
}

// The lookup by the number's bits must agree with the definition, in particular next to
// the limits.
func TestBucketIsFirstLimitAbove(t *testing.T) {
	check := func(t rapid.TB, v float32) {
		want := sort.Search(len(limits), func(i int) bool { return limits[i] > float64(v) })
		if got := bucket(v); got != want {
			t.Fatalf("%g: got bucket %d, want %d", v, got, want)
		}
	}
	for _, limit := range limits[1 : len(limits)-1] {
		v := float32(limit)
		if float64(v) == limit && v != 0 {
			t.Errorf("limit %g is a float32", limit)
		}
		check(t, v)
		check(t, math.Nextafter32(v, float32(math.Inf(1))))
		check(t, math.Nextafter32(v, float32(math.Inf(-1))))
	}
	for _, v := range []float32{math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32} {
		check(t, v)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32).Draw(t, "value"))
	})
}

func TestHistogramProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32(), 0, 50).Draw(t, "values")
		h, skipped := newHistogram(values)
		total := 0.0
		if n := len(h.Bucket); n > 0 && (h.Bucket[0] == 0 || h.Bucket[n-1] == 0) {
			t.Errorf("empty outer bucket: %v", h.Bucket)
		}
		for i, n := range h.Bucket {
			total += n
			if i > 0 && (h.BucketLimit[i] <= h.BucketLimit[i-1] || n == 0 && h.Bucket[i-1] == 0) {
				t.Errorf("bucket %d: %v below %v follows %v below %v",
					i, n, h.BucketLimit[i], h.Bucket[i-1], h.BucketLimit[i-1])
			}
		}
		if total != h.Num || int(total)+skipped != len(values) {
			t.Errorf("%d values: got %v in buckets, num %v, %d skipped", len(values), total, h.Num, skipped)
		}
	})
}

// Only non-finite values add the curve tag/nonfinite.
func TestHistogramReportsNonFinite(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	must(t, w.Histogram(1, "fc8/weights", []float32{1, 2}),
		w.Histogram(2, "fc8/weights", []float32{1, float32(math.NaN())}), w.Close())
	events, err := readAll(w.path())
	must(t, err)
	if len(events) != 3 {
		t.Fatalf("got %d events, want 3", len(events))
	}
	if values := events[1].GetSummary().Value; len(values) != 1 {
		t.Errorf("finite: got %v, want only a histogram", values)
	}
	values := events[2].GetSummary().Value
	if len(values) != 2 || values[0].GetHisto().Num != 1 ||
		values[1].Tag != "fc8/weights/nonfinite" || values[1].GetSimpleValue() != 1 {
		t.Errorf("one NaN: got %v", values)
	}
}

func BenchmarkHistogram(b *testing.B) {
	values := make([]float32, 1<<20)
	for i := range values {
		values[i] = float32(math.Sin(float64(i))) * 0.01
	}
	b.SetBytes(int64(4 * len(values)))
	for b.Loop() {
		newHistogram(values)
	}
}
