package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// mantissas are the leading digits of ticks.
var mantissas = []float64{1, 2, 5}

// niceNumber returns the i-th of … 0.5, 1, 2, 5, 10 …; the 0th is 1.
func niceNumber(i int) float64 {
	power := math.Floor(float64(i) / float64(len(mantissas)))
	return mantissas[i-int(power)*len(mantissas)] * math.Pow(10, power)
}

// niceIndex returns the index of the largest nice number up to v, which is positive.
func niceIndex(v float64) int {
	i := int(math.Floor(math.Log10(v))) * len(mantissas)
	for niceNumber(i+1) <= v {
		i++
	}
	return i
}

// integerTicks are at most eight evenly spaced integers.
type integerTicks struct{}

// Ticks implements plot.Ticker.
func (integerTicks) Ticks(low, high float64) []plot.Tick {
	const limit = 8
	i := 0
	for (high-low)/niceNumber(i) > limit {
		i++
	}
	var ticks []plot.Tick
	for v := math.Ceil(low/niceNumber(i)) * niceNumber(i); v <= high; v += niceNumber(i) {
		ticks = append(ticks, tick(v))
	}
	return ticks
}

// logTicks are nice numbers, or only powers of ten if there are too many.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	const limit = 9
	first, last := niceIndex(low), niceIndex(high*(1+1e-9))
	var ticks []plot.Tick
	for i := first; i <= last; i++ {
		if v := niceNumber(i); v >= low*(1-1e-9) && (last-first < limit || i%len(mantissas) == 0) {
			ticks = append(ticks, tick(v))
		}
	}
	return ticks
}

func tick(v float64) plot.Tick {
	return plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)}
}

// niceBounds returns the nice numbers below and above the points' values, which are positive.
func niceBounds(points plotter.XYs) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, p := range finite(points) {
		low, high = min(low, p.Y), max(high, p.Y)
	}
	return niceNumber(niceIndex(low)), niceNumber(niceIndex(high) + 1)
}
