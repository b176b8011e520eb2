package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"alexnet/train"
)

// course is how a run went, for one of its figures.
type course struct {
	title, axis      string
	ofEpoch          func(train.Epoch) float64
	ofValidation     func(train.Epoch) float64
	ofPoint          func(train.Point) float64
	share, mayBeWide bool
}

var courses = []course{
	{title: "Loss", axis: "cross-entropy in nats", mayBeWide: true,
		ofEpoch:      func(e train.Epoch) float64 { return e.Loss },
		ofValidation: func(e train.Epoch) float64 { return e.Validation.Loss },
		ofPoint:      func(p train.Point) float64 { return p.Loss }},
	{title: "Accuracy", axis: "share of pictures", share: true,
		ofEpoch:      func(e train.Epoch) float64 { return e.Accuracy },
		ofValidation: func(e train.Epoch) float64 { return e.Validation.Accuracy },
		ofPoint:      func(p train.Point) float64 { return p.Accuracy }},
}

// drawCourses draws loss and accuracy by epoch; none before the first epoch is done.
func drawCourses(history []train.Epoch, points []train.Point) ([]Figure, error) {
	if len(history) == 0 {
		return nil, nil
	}
	var figures []Figure
	for _, c := range courses {
		f, err := c.draw(history, points)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

func (c course) draw(history []train.Epoch, points []train.Point) (Figure, error) {
	training, validation := c.lines(history)
	f := Figure{Title: c.title, Keys: []Key{{1, "training, dropout on"}}}
	p := newPlot("epoch", c.axis)
	p.X.Min, p.X.Max = 0, float64(history[len(history)-1].Epoch)
	p.X.Tick.Marker = wholeTicks{}
	fine := c.between(history, points)
	var captions []string
	if len(fine) > 0 {
		captions = append(captions, "Thin: training between epochs.")
	}
	if c.share {
		p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, 1, fifths
	} else if c.mayBeWide && wide(slices.Concat(training, validation, fine)) {
		values := slices.Concat(training, validation, fine)
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
		p.Y.Min, p.Y.Max = rungsAround(values)
		captions = append(captions, "The axis is logarithmic.")
	}
	f.Caption = strings.Join(captions, " ")
	if err := addLine(p, fine, stroke{series: 1, width: .8}); err != nil {
		return f, err
	}
	if err := addLine(p, training, stroke{series: 1, width: 2, dots: true}); err != nil {
		return f, err
	}
	if validation != nil {
		f.Keys = append(f.Keys, Key{2, "validation"})
		if err := addLine(p, validation, stroke{series: 2, width: 2, dots: true}); err != nil {
			return f, err
		}
	}
	var err error
	f.SVG, err = svg(p, fmt.Sprintf("%s of %d epochs, training and validation", c.title, len(history)))
	return f, err
}

func (c course) lines(history []train.Epoch) (training, validation plotter.XYs) {
	for _, e := range history {
		training = append(training, plotter.XY{X: float64(e.Epoch), Y: c.ofEpoch(e)})
		if e.Validation != nil {
			validation = append(validation, plotter.XY{X: float64(e.Epoch), Y: c.ofValidation(e)})
		}
	}
	return training, validation
}

// between are the points inside epochs, at most some hundreds of them.
func (c course) between(history []train.Epoch, points []train.Point) plotter.XYs {
	last := history[len(history)-1]
	var all plotter.XYs
	for _, p := range points {
		if x := float64(p.Step) / float64(last.Step) * float64(last.Epoch); x <= float64(last.Epoch) {
			all = append(all, plotter.XY{X: x, Y: c.ofPoint(p)})
		}
	}
	const most = 500
	every := len(all)/most + 1
	var kept plotter.XYs
	for i := 0; i < len(all); i += every {
		kept = append(kept, all[i])
	}
	return kept
}

// wide tells whether one value is so far above the others that these would lie on the axis.
func wide(points plotter.XYs) bool {
	var values []float64
	for _, p := range finite(points) {
		values = append(values, p.Y)
	}
	if len(values) == 0 || slices.Min(values) <= 0 {
		return false
	}
	slices.Sort(values)
	return values[len(values)-1] > 8*math.Abs(values[len(values)/2])
}
