package report

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alexnet/classify"
	"alexnet/internal/curve"
)

const bins = 10

func calibrate(s classify.Scores) curve.Calibration {
	labels := make([]int, s.Count)
	for i, ex := range s.Examples {
		labels[i] = ex.Label
	}
	return curve.Calibrate(s.Probabilities, labels, bins)
}

// drawCalibration draws the reliability diagram: for a perfectly calibrated model every bar ends on the diagonal.
func drawCalibration(c curve.Calibration) (figure, error) {
	f := figure{
		Title:  "Calibration",
		Legend: []legendEntry{{1, "accuracy"}, {faintSeries, "perfect calibration"}},
		Caption: fmt.Sprintf("Images by the probability of the predicted class, with the number of images above each bar. Expected calibration error %s, Brier score %s (0 is best, 2 is worst).",
			number(c.ECE), number(c.Brier)),
	}
	p := unitPlot("probability of the predicted class", "accuracy")
	if err := addBins(p, c.Bins); err != nil {
		return f, err
	}
	diagonal := plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}
	if err := addLine(p, diagonal, stroke{series: faintSeries, width: 1, dashed: true}); err != nil {
		return f, err
	}
	p.Y.Max = 1.08 // room for the counts
	var err error
	f.SVG, err = svg(p, "Accuracy against confidence")
	return f, err
}

func addBins(p *plot.Plot, bins []curve.Bin) error {
	var counts plotter.XYLabels
	for _, b := range bins {
		if b.Count == 0 {
			continue
		}
		margin := (b.To - b.From) * .08
		bar, err := plotter.NewPolygon(plotter.XYs{{X: b.From + margin}, {X: b.From + margin, Y: b.Accuracy},
			{X: b.To - margin, Y: b.Accuracy}, {X: b.To - margin}})
		if err != nil {
			return fmt.Errorf("plot bar: %w", err)
		}
		bar.Color, bar.LineStyle.Width = series(1), 0
		p.Add(bar)
		counts.XYs = append(counts.XYs, plotter.XY{X: (b.From + b.To) / 2, Y: b.Accuracy})
		counts.Labels = append(counts.Labels, fmt.Sprint(b.Count))
	}
	if len(counts.Labels) == 0 {
		return nil
	}
	labels, err := plotter.NewLabels(counts)
	if err != nil {
		return fmt.Errorf("plot counts: %w", err)
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].Color, labels.TextStyle[i].Font.Size, labels.TextStyle[i].Font.Variant = ink, 10, "Sans"
		labels.TextStyle[i].XAlign = draw.XCenter
	}
	labels.Offset = vg.Point{Y: 3}
	p.Add(labels)
	return nil
}
