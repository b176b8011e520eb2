package summaries

import (
	"math"
	"slices"
	"sort"

	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"
)

// The default buckets of TensorFlow's histogram (xla/tsl/lib/histogram): their
// upper limits, each exclusive, are -MaxFloat64, the negative magnitudes, 0,
// the positive magnitudes and MaxFloat64.
var (
	magnitudes = makeMagnitudes()
	limits     = makeLimits()
	belowCell  = makeBelowCell()
	zero       = len(limits) / 2 // limits[zero] is 0
)

// makeMagnitudes ends with MaxFloat64, above which there is no float32.
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

// cellBits is how many low bits of a float32 do not matter to belowCell. What
// remains, the exponent and five bits of the mantissa, splits the numbers into
// cells of at most 3 %, so that no cell holds more than one magnitude.
const cellBits = 23 - 5

// makeBelowCell tells for each cell how many magnitudes are below all of it.
func makeBelowCell() []uint16 {
	below := make([]uint16, (math.Float32bits(math.MaxFloat32)>>cellBits)+1)
	for cell := range below {
		low := float64(math.Float32frombits(uint32(cell) << cellBits))
		below[cell] = uint16(sort.SearchFloat64s(magnitudes, low))
	}
	return below
}

// bucket returns the index of the first limit above v, which must be finite.
// It is what a binary search over the limits finds, but a layer can have 38
// million weights. No magnitude is a float32, so that below and not above are
// the same here, and both signs can share one comparison.
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

// count makes the histogram of the finite values and says how many others
// there were.
func count(values []float32) (histogram *summarypb.HistogramProto, skipped int) {
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
		low, high = 0, 0 // where TensorFlow leaves numbers that no axis can show
	}
	upper, counts := compact(counts)
	return &summarypb.HistogramProto{
		Min: low, Max: high, Num: float64(len(values) - skipped), Sum: sum, SumSquares: squares,
		BucketLimit: upper, Bucket: counts,
	}, skipped
}

// compact joins each stretch of empty buckets into one, as TensorFlow does, and
// leaves out those at both ends, which TensorFlow keeps: there, TensorBoard's
// default server takes the smallest and the largest value for the outer limits
// and would draw an empty bucket backwards.
func compact(counts []float64) (upper, compacted []float64) {
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
