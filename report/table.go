package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"alexnet/eval"
	"alexnet/internal/display"
)

// cell is an entry of the confusion matrix.
type cell struct {
	Count   int
	Share   string // fraction of the true class, 0 to 1, for the color
	Correct bool
	Title   string // tooltip
}

// confusionMatrix is true x predicted.
type confusionMatrix struct {
	Classes []string
	Rows    [][]cell // [true class][predicted class]
	Large   bool     // vertical column names
}

// maxMatrixClasses is the number of classes up to which a confusion matrix is legible.
const maxMatrixClasses = 100

// newMatrix returns nil for too many classes.
func newMatrix(r eval.Report) *confusionMatrix {
	if len(r.Classes) > maxMatrixClasses {
		return nil
	}
	m := &confusionMatrix{Classes: r.Classes, Large: len(r.Classes) > 6}
	for i, counts := range r.Confusion {
		row := make([]cell, len(counts))
		for j, n := range counts {
			row[j] = cell{Count: n, Correct: i == j}
			if n > 0 {
				fraction := float64(n) / float64(r.PerClass[i].Count)
				row[j].Share = fmt.Sprintf("%.3f", fraction)
				row[j].Title = fmt.Sprintf("%s predicted as %s: %d, %s", r.Classes[i], r.Classes[j], n, display.Percent(fraction))
			}
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// pair is a class and a wrong prediction for it.
type pair struct {
	True, Predicted string
	Count           int
	Share           string // fraction of the true class
}

// pairs returns the most frequent confusions.
func pairs(r eval.Report) []pair {
	const limit = 10
	var all []pair
	for i, counts := range r.Confusion {
		for j, n := range counts {
			if i != j && n > 0 {
				all = append(all, pair{r.Classes[i], r.Classes[j], n, display.Percent(float64(n) / float64(r.PerClass[i].Count))})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return cmp.Compare(b.Count, a.Count) })
	return all[:min(limit, len(all))]
}

// classRow has the metrics of one class, or their mean.
type classRow struct {
	Class   string
	Count   int
	Metrics []metric // precision, recall, F1, average precision, AUC
}

// metric is a value from 0 to 1 as text and for its bar.
type metric struct{ Text, Bar string }

func newMetric(v float64) metric {
	if math.IsNaN(v) {
		return metric{Text: "–", Bar: "0"}
	}
	return metric{Text: number(v), Bar: fmt.Sprintf("%.3f", v)}
}

// classTable has a row per class, and last the mean of the defined values.
func classTable(r eval.Report, k ranking) []classRow {
	columns := make([][]float64, 5)
	var rows []classRow
	for i, c := range r.PerClass {
		precision, recall := orNaN(c.Precision), orNaN(c.Recall)
		row := classRow{Class: c.Class, Count: c.Count}
		for column, v := range []float64{precision, recall, f1(c, r.Confusion[i][i], predictedCount(r, i)), k.precision[i].Area, k.roc[i].Area} {
			columns[column] = append(columns[column], v)
			row.Metrics = append(row.Metrics, newMetric(v))
		}
		rows = append(rows, row)
	}
	last := classRow{Class: "mean", Count: r.Count}
	for _, values := range columns {
		last.Metrics = append(last.Metrics, newMetric(meanOf(values)))
	}
	return append(rows, last)
}

// f1 is the harmonic mean of precision and recall, defined if an image belongs to the class or is predicted as it.
func f1(c eval.ClassMetrics, hits, predicted int) float64 {
	return float64(2*hits) / float64(c.Count+predicted)
}

func predictedCount(r eval.Report, class int) (n int) {
	for _, counts := range r.Confusion {
		n += counts[class]
	}
	return n
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// meanOf ignores NaN.
func meanOf(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

func number(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.3f", v)
}
