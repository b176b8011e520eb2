package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"alexnet/internal/rundir"
	"alexnet/train"
)

// curvePlot is a figure with learning curves.
type curvePlot struct {
	title, axis  string
	fraction     bool // values from 0 to 1
	ofEpoch      func(rundir.Epoch) float64
	ofValidation func(rundir.Epoch) float64
	ofPoint      func(train.Point) float64
}

var curvePlots = []curvePlot{
	{title: "Loss", axis: "cross-entropy in nats",
		ofEpoch:      func(e rundir.Epoch) float64 { return e.Loss },
		ofValidation: func(e rundir.Epoch) float64 { return e.Validation.Loss },
		ofPoint:      func(p train.Point) float64 { return p.Loss }},
	{title: "Accuracy", axis: "fraction of images", fraction: true,
		ofEpoch:      func(e rundir.Epoch) float64 { return e.Accuracy },
		ofValidation: func(e rundir.Epoch) float64 { return e.Validation.Accuracy },
		ofPoint:      func(p train.Point) float64 { return p.Accuracy }},
}

// drawCurves draws loss and accuracy by epoch. There are no figures before the end of the first epoch.
func drawCurves(history []rundir.Epoch, points []train.Point) ([]figure, error) {
	if len(history) == 0 {
		return nil, nil
	}
	var figures []figure
	for _, c := range curvePlots {
		f, err := c.draw(history, points)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

func (c curvePlot) draw(history []rundir.Epoch, points []train.Point) (figure, error) {
	training, validation := c.lines(history)
	fine := c.withinEpochs(history, points)
	f := figure{Title: c.title, Legend: []legendEntry{{1, "training, dropout on"}}}
	if len(fine) > 0 {
		f.Caption = "Thin line: training within epochs. "
	}
	if validation != nil {
		f.Legend = append(f.Legend, legendEntry{2, "validation"})
	}
	p := newPlot("epoch", c.axis)
	p.X.Min, p.X.Max, p.X.Tick.Marker = 0, float64(history[len(history)-1].Epoch), integerTicks{}
	if c.scale(&p.Y, slices.Concat(training, validation, fine)) {
		f.Caption += "Logarithmic axis."
	}
	err := errors.Join(
		addLine(p, fine, stroke{series: 1, width: .8}),
		addLine(p, training, stroke{series: 1, width: 2, dots: true}),
		addLine(p, validation, stroke{series: 2, width: 2, dots: true}))
	if err != nil {
		return f, err
	}
	f.SVG, err = svg(p, fmt.Sprintf("%s of %d epochs, training and validation", c.title, len(history)))
	return f, err
}

// scale sets the y axis and reports whether it is logarithmic.
func (c curvePlot) scale(axis *plot.Axis, values plotter.XYs) (logarithmic bool) {
	axis.Min = 0
	if c.fraction {
		axis.Max, axis.Tick.Marker = 1, fifths
		return false
	}
	if !needsLogScale(values) {
		return false
	}
	axis.Scale, axis.Tick.Marker = plot.LogScale{}, logTicks{}
	axis.Min, axis.Max = niceBounds(values)
	return true
}

func (c curvePlot) lines(history []rundir.Epoch) (training, validation plotter.XYs) {
	for _, e := range history {
		training = append(training, plotter.XY{X: float64(e.Epoch), Y: c.ofEpoch(e)})
		if e.Validation != nil {
			validation = append(validation, plotter.XY{X: float64(e.Epoch), Y: c.ofValidation(e)})
		}
	}
	return training, validation
}

// withinEpochs returns the points within epochs, at most some hundreds.
func (c curvePlot) withinEpochs(history []rundir.Epoch, points []train.Point) plotter.XYs {
	last := history[len(history)-1]
	var all plotter.XYs
	for _, p := range points {
		if x := float64(p.Step) / float64(last.Step) * float64(last.Epoch); x <= float64(last.Epoch) {
			all = append(all, plotter.XY{X: x, Y: c.ofPoint(p)})
		}
	}
	const limit = 500
	every := len(all)/limit + 1
	kept := all[:0]
	for i := 0; i < len(all); i += every {
		kept = append(kept, all[i])
	}
	return kept
}

// needsLogScale reports whether the maximum is so large that the other values would be indistinguishable from 0.
func needsLogScale(points plotter.XYs) bool {
	var values []float64
	for _, p := range finite(points) {
		values = append(values, p.Y)
	}
	if len(values) == 0 || slices.Min(values) <= 0 {
		return false
	}
	slices.Sort(values)
	return values[len(values)-1] > 8*values[len(values)/2]
}

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
