package report

import (
	"fmt"
	"html/template"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"alexnet/classify"
	"alexnet/internal/curve"
)

// ranking is how well the probabilities of classes rank the pictures.
type ranking struct {
	precision, roc           []curve.Curve // a class each, against all others
	microPrecision, microROC curve.Curve   // of all pairs of a picture and a class
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

// figures are the two kinds of curves.
func (r ranking) figures(classes []string) ([]Figure, error) {
	pr := Figure{Title: "Precision and recall",
		Caption: fmt.Sprintf("One class against all others. Average precision: %s by all pairs of picture and class, %s as the mean of classes.",
			number(r.microPrecision.Area), number(meanOf(areas(r.precision))))}
	roc := Figure{Title: "ROC",
		Caption: fmt.Sprintf("One class against all others. Area under the curve: %s by all pairs of picture and class, %s as the mean of classes.",
			number(r.microROC.Area), number(meanOf(areas(r.roc))))}
	pr.Keys = keys(classes)
	roc.Keys = pr.Keys
	var err error
	if pr.SVG, err = drawRanking(unitPlot("recall", "precision"), "Precision against recall", r.precision, r.microPrecision, true); err != nil {
		return nil, err
	}
	p := unitPlot("false positive rate", "true positive rate")
	if err := addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, stroke{series: faintSeries, width: 1, dashed: true}); err != nil {
		return nil, err
	}
	if roc.SVG, err = drawRanking(p, "True positive rate against false positive rate", r.roc, r.microROC, false); err != nil {
		return nil, err
	}
	return []Figure{pr, roc}, nil
}

// keys names each class where there are colours for all.
func keys(classes []string) []Key {
	all := []Key{{inkSeries, "all classes (micro average)"}}
	if len(classes) > mostSeries {
		return append(all, Key{faintSeries, "each class"})
	}
	for i, class := range classes {
		all = append(all, Key{i + 1, class})
	}
	return all
}

func drawRanking(p *plot.Plot, label string, classes []curve.Curve, micro curve.Curve, step bool) (template.HTML, error) {
	grain := .003 * math.Max(1, float64(len(classes))/mostSeries) // many lines may be coarser
	for i, c := range classes {
		s := stroke{series: i + 1, width: 1.5, step: step}
		if len(classes) > mostSeries {
			s = stroke{series: faintSeries, width: .7, step: step}
		}
		if err := addLine(p, path(c, grain), s); err != nil {
			return "", err
		}
	}
	if err := addLine(p, path(micro, .003), stroke{series: inkSeries, width: 2, dashed: true, step: step}); err != nil {
		return "", err
	}
	return svg(p, fmt.Sprintf("%s of %d classes", label, len(classes)))
}

func path(c curve.Curve, grain float64) plotter.XYs {
	points := make(plotter.XYs, len(c.Points))
	for i, p := range c.Points {
		points[i] = plotter.XY{X: p.X, Y: p.Y}
	}
	return thin(points, grain)
}
