package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// steps are the numbers that people count in, with the powers of ten.
var steps = []float64{1, 2, 5}

// rung is the i-th of … 0.5, 1, 2, 5, 10 …; the 0th is 1.
func rung(i int) float64 {
	power := math.Floor(float64(i) / float64(len(steps)))
	return steps[i-int(power)*len(steps)] * math.Pow(10, power)
}

// rungFrom is the last rung that is not above v, which is above 0.
func rungFrom(v float64) int {
	i := int(math.Floor(math.Log10(v))) * len(steps)
	for rung(i+1) <= v {
		i++
	}
	return i
}

// wholeTicks are at most eight whole numbers, evenly apart.
type wholeTicks struct{}

// Ticks implements plot.Ticker.
func (wholeTicks) Ticks(low, high float64) []plot.Tick {
	const most = 8
	i := 0
	for (high-low)/rung(i) > most {
		i++
	}
	var ticks []plot.Tick
	for v := math.Ceil(low/rung(i)) * rung(i); v <= high; v += rung(i) {
		ticks = append(ticks, tick(v))
	}
	return ticks
}

// logTicks are the rungs, or, where they are many, only the powers of ten.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	const most = 9
	first, last := rungFrom(low), rungFrom(high*(1+1e-9))
	var ticks []plot.Tick
	for i := first; i <= last; i++ {
		if v := rung(i); v >= low*(1-1e-9) && (last-first < most || i%len(steps) == 0) {
			ticks = append(ticks, tick(v))
		}
	}
	return ticks
}

func tick(v float64) plot.Tick {
	return plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)}
}

// rungsAround are the rungs at or below the least of the points' values, and above the greatest. All are above 0.
func rungsAround(points plotter.XYs) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, p := range finite(points) {
		low, high = min(low, p.Y), max(high, p.Y)
	}
	return rung(rungFrom(low)), rung(rungFrom(high) + 1)
}
