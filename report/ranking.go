package report

import (
	"fmt"
	"html/template"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alexnet/classify"
	"alexnet/internal/curve"
)

// ranking has the curves that measure how well the probabilities rank the images.
type ranking struct {
	precision, roc           []curve.Curve // per class, one versus rest
	microPrecision, microROC curve.Curve   // over all pairs of image and class
}

func rank(s classify.Scores) ranking {
	var r ranking
	var all []float32
	var truth []bool
	for class := range s.Classes {
		scores, positive := make([]float32, s.Count), make([]bool, s.Count)
		for i, row := range s.Probabilities {
			scores[i], positive[i] = row[class], s.Examples[i].Label == class
		}
		r.precision = append(r.precision, curve.PrecisionRecall(scores, positive))
		r.roc = append(r.roc, curve.ROC(scores, positive))
		all, truth = append(all, scores...), append(truth, positive...)
	}
	r.microPrecision, r.microROC = curve.PrecisionRecall(all, truth), curve.ROC(all, truth)
	return r
}

func areas(curves []curve.Curve) (all []float64) {
	for _, c := range curves {
		all = append(all, c.Area)
	}
	return all
}

// figures draws precision-recall and ROC curves.
func (r ranking) figures(classes []string) ([]figure, error) {
	pr := figure{Title: "Precision-recall",
		Caption: fmt.Sprintf("One versus rest. Average precision: %s micro-averaged, %s macro-averaged.",
			number(r.microPrecision.Area), number(meanOf(areas(r.precision))))}
	roc := figure{Title: "ROC",
		Caption: fmt.Sprintf("One versus rest. Area under the curve: %s micro-averaged, %s macro-averaged.",
			number(r.microROC.Area), number(meanOf(areas(r.roc))))}
	pr.Legend = legend(classes)
	roc.Legend = pr.Legend
	var err error
	if pr.SVG, err = drawRanking(unitPlot("recall", "precision"), "Precision against recall", r.precision, r.microPrecision, true); err != nil {
		return nil, err
	}
	p := unitPlot("false positive rate", "true positive rate")
	if err := addDiagonal(p); err != nil {
		return nil, err
	}
	if roc.SVG, err = drawRanking(p, "True positive rate against false positive rate", r.roc, r.microROC, false); err != nil {
		return nil, err
	}
	return []figure{pr, roc}, nil
}

// legend lists each class if there are enough colors.
func legend(classes []string) []legendEntry {
	all := []legendEntry{{inkSeries, "micro average"}}
	if len(classes) > maxSeries {
		return append(all, legendEntry{faintSeries, "each class"})
	}
	for i, class := range classes {
		all = append(all, legendEntry{i + 1, class})
	}
	return all
}

func drawRanking(p *plot.Plot, label string, classes []curve.Curve, micro curve.Curve, step bool) (template.HTML, error) {
	tolerance := .003 * math.Max(1, float64(len(classes))/maxSeries) // coarser for many lines
	for i, c := range classes {
		s := stroke{series: i + 1, width: 1.5, step: step}
		if len(classes) > maxSeries {
			s = stroke{series: faintSeries, width: .7, step: step}
		}
		if err := addLine(p, polyline(c, tolerance), s); err != nil {
			return "", err
		}
	}
	if err := addLine(p, polyline(micro, .003), stroke{series: inkSeries, width: 2, dashed: true, step: step}); err != nil {
		return "", err
	}
	return svg(p, fmt.Sprintf("%s of %d classes", label, len(classes)))
}

func polyline(c curve.Curve, tolerance float64) plotter.XYs {
	points := make(plotter.XYs, len(c.Points))
	for i, p := range c.Points {
		points[i] = plotter.XY{X: p.X, Y: p.Y}
	}
	return simplify(points, tolerance)
}

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
	if err := addDiagonal(p); err != nil {
		return f, err
	}
	p.Y.Max = 1.08 // room for the counts
	var err error
	f.SVG, err = svg(p, "Accuracy against confidence")
	return f, err
}

// addDiagonal draws the line of a random or a perfectly calibrated classifier.
func addDiagonal(p *plot.Plot) error {
	return addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, stroke{series: faintSeries, width: 1, dashed: true})
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
