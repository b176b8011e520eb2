package summaries

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"alexnet/internal/testenv"
)

// histogramJSON is a HistogramProto in the output of the Python scripts.
type histogramJSON struct {
	Step        int64
	Min         float64
	Max         float64
	Num         float64
	Sum         float64
	SumSquares  float64   `json:"sum_squares"`
	BucketLimit []float64 `json:"bucket_limit"`
	Bucket      []float64
}

// histogramCases are values for every kind of bucket, without subnormals, which
// TensorFlow's threads flush to zero.
func histogramCases() map[string][]float32 {
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(n int, deviation float64) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(random.NormFloat64() * deviation)
		}
		return values
	}
	var adjacent []float32 // each limit and its neighbors
	for _, limit := range limits[1 : len(limits)-1] {
		if limit == 0 {
			continue
		}
		v := float32(limit)
		adjacent = append(adjacent, v, math.Nextafter32(v, 1e30), math.Nextafter32(v, -1e30))
	}
	return map[string][]float32{
		"zeros":          make([]float32, 100),
		"negative zero":  {float32(math.Copysign(0, -1))},
		"one value":      {0.1},
		"one negative":   {-0.1},
		"a constant":     {3, 3, 3, 3},
		"mixed sign":     {-2, -1, -0.5, 0, 0.5, 1, 2},
		"normal":         normal(5000, 1),
		"weights":        normal(5000, 0.01),
		"gradients":      normal(5000, 1e-9),
		"huge":           {1e19, 1e20, 1e21, -1e30, math.MaxFloat32, -math.MaxFloat32},
		"tiny":           {1e-11, 1e-12, 1e-13, -1e-13, -1e-12, 1e-37, -1e-37},
		"next to limits": adjacent,
	}
}

// Bit-identical, including sums, except for the empty buckets at both ends.
func TestHistogramMatchesTensorFlow(t *testing.T) {
	cases := histogramCases()
	input, err := json.Marshal(cases)
	must(t, err)
	file := filepath.Join(t.TempDir(), "values.json")
	must(t, os.WriteFile(file, input, 0o644))
	var want map[string]histogramJSON
	must(t, json.Unmarshal(testenv.RunPython(t, "summaries/testdata/histograms.py", file), &want))
	for name, values := range cases {
		t.Run(name, func(t *testing.T) {
			h, skipped := newHistogram(values)
			if skipped != 0 {
				t.Errorf("got %d values skipped, want none", skipped)
			}
			sameHistogram(t, histogramJSON{
				Min: h.Min, Max: h.Max, Num: h.Num, Sum: h.Sum, SumSquares: h.SumSquares,
				BucketLimit: h.BucketLimit, Bucket: h.Bucket,
			}, want[name].trimmed())
		})
	}
}

func (h histogramJSON) trimmed() histogramJSON {
	for len(h.Bucket) > 0 && h.Bucket[0] == 0 {
		h.Bucket, h.BucketLimit = h.Bucket[1:], h.BucketLimit[1:]
	}
	for n := len(h.Bucket); n > 0 && h.Bucket[n-1] == 0; n = len(h.Bucket) {
		h.Bucket, h.BucketLimit = h.Bucket[:n-1], h.BucketLimit[:n-1]
	}
	return h
}

func sameHistogram(t *testing.T, got, want histogramJSON) {
	t.Helper()
	if len(got.Bucket) != len(want.Bucket) || len(got.BucketLimit) != len(want.BucketLimit) {
		t.Fatalf("got %d buckets, want %d", len(got.Bucket), len(want.Bucket))
	}
	for i := range want.Bucket {
		if got.Bucket[i] != want.Bucket[i] || got.BucketLimit[i] != want.BucketLimit[i] {
			t.Errorf("bucket %d: got %v below %v, want %v below %v",
				i, got.Bucket[i], got.BucketLimit[i], want.Bucket[i], want.BucketLimit[i])
		}
	}
	got.Bucket, got.BucketLimit, want.Bucket, want.BucketLimit = nil, nil, nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
