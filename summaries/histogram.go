package summaries

import (
	"math"
	"slices"
	"sort"

	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"
)

// The default buckets of TensorFlow's histogram (xla/tsl/lib/histogram). Their exclusive upper limits are -MaxFloat64,
// the negative magnitudes, 0, the positive magnitudes and MaxFloat64.
var (
	magnitudes = makeMagnitudes()
	limits     = makeLimits()
	belowCell  = makeBelowCell()
	zero       = len(limits) / 2 // limits[zero] is 0
)

// makeMagnitudes returns magnitudes up to MaxFloat64, which exceeds all float32.
func makeMagnitudes() []float64 {
	var magnitudes []float64
	for m := 1e-12; m < 1e20; m *= 1.1 {
		magnitudes = append(magnitudes, m)
	}
	return append(magnitudes, math.MaxFloat64)
}

func makeLimits() []float64 {
	var limits []float64
	for _, m := range slices.Backward(magnitudes) {
		limits = append(limits, -m)
	}
	limits = append(limits, 0)
	return append(limits, magnitudes...)
}

// cellBits is the number of low bits of a float32 that belowCell ignores. The remaining bits, the exponent and five
// bits of the mantissa, divide the numbers into cells of at most 3 %, so that no cell contains more than one magnitude.
const cellBits = 23 - 5

// makeBelowCell counts for each cell the magnitudes below it.
func makeBelowCell() []uint16 {
	below := make([]uint16, (math.Float32bits(math.MaxFloat32)>>cellBits)+1)
	for cell := range below {
		low := float64(math.Float32frombits(uint32(cell) << cellBits))
		below[cell] = uint16(sort.SearchFloat64s(magnitudes, low))
	}
	return below
}

// bucket returns the index of the first limit above v, which must be finite. A binary search over the limits finds the
// same, but a layer can have 38 million weights. No magnitude is a float32, so less and less-or-equal are the same and
// both signs share one comparison.
func bucket(v float32) int {
	bits := math.Float32bits(v) &^ (1 << 31)
	k := int(belowCell[bits>>cellBits])
	if magnitudes[k] < float64(math.Float32frombits(bits)) {
		k++
	}
	if v < 0 {
		return zero - k
	}
	return zero + 1 + k
}

// newHistogram returns the histogram of the finite values and the number of other values.
func newHistogram(values []float32) (histogram *summarypb.HistogramProto, skipped int) {
	counts := make([]float64, len(limits))
	low, high := math.MaxFloat64, -math.MaxFloat64
	var sum, squares float64
	for _, v := range values {
		x := float64(v)
		if x-x != 0 { // NaN or an infinity
			skipped++
			continue
		}
		counts[bucket(v)]++
		if x < low {
			low = x
		}
		if x > high {
			high = x
		}
		sum += x
		squares += x * x // exact in 48 bits, fused or not
	}
	if skipped == len(values) {
		low, high = 0, 0 // TensorFlow leaves ±MaxFloat64 here, which no axis can show
	}
	upper, counts := mergeEmpty(counts)
	return &summarypb.HistogramProto{
		Min: low, Max: high, Num: float64(len(values) - skipped), Sum: sum, SumSquares: squares,
		BucketLimit: upper, Bucket: counts,
	}, skipped
}

// mergeEmpty merges consecutive empty buckets, as TensorFlow does, and drops those at
// both ends, which TensorFlow keeps: TensorBoard's default server uses the minimum and
// maximum as outer limits and would draw an empty bucket backwards.
func mergeEmpty(counts []float64) (upper, compacted []float64) {
	for i, n := range counts {
		last := len(compacted) - 1
		switch {
		case n > 0 || last >= 0 && compacted[last] > 0:
			upper, compacted = append(upper, limits[i]), append(compacted, n)
		case last >= 0:
			upper[last] = limits[i]
		}
	}
	if last := len(compacted) - 1; last >= 0 && compacted[last] == 0 {
		return upper[:last], compacted[:last]
	}
	return upper, compacted
}
