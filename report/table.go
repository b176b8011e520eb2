package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"alexnet/eval"
	"alexnet/internal/display"
)

// Cell is one field of the confusion matrix.
type Cell struct {
	Count int
	Share string // of the true class's pictures, 0 to 1, for the colour
	Right bool
	Words string // for who points at it
}

// Matrix is who was taken for whom.
type Matrix struct {
	Classes []string
	Rows    [][]Cell // [true class][class that came first]
	Large   bool     // names of columns stand upright
}

// mostClasses is how many classes a confusion matrix is legible for.
const mostClasses = 100

// matrix is nil where there are too many classes for one.
func matrix(r eval.Report) *Matrix {
	if len(r.Classes) > mostClasses {
		return nil
	}
	m := &Matrix{Classes: r.Classes, Large: len(r.Classes) > 6}
	for i, counts := range r.Confusion {
		row := make([]Cell, len(counts))
		for j, n := range counts {
			row[j] = Cell{Count: n, Right: i == j}
			if n > 0 {
				share := float64(n) / float64(r.PerClass[i].Count)
				row[j].Share = fmt.Sprintf("%.3f", share)
				row[j].Words = fmt.Sprintf("%s taken for %s: %d, %s", r.Classes[i], r.Classes[j], n, display.Percent(share))
			}
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// Pair is one class taken for another.
type Pair struct {
	True, Taken string
	Count       int
	Share       string // of the true class's pictures
}

// pairs are the commonest mistakes.
func pairs(r eval.Report) []Pair {
	const most = 10
	var all []Pair
	for i, counts := range r.Confusion {
		for j, n := range counts {
			if i != j && n > 0 {
				all = append(all, Pair{r.Classes[i], r.Classes[j], n, display.Percent(float64(n) / float64(r.PerClass[i].Count))})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Pair) int { return cmp.Compare(b.Count, a.Count) })
	return all[:min(most, len(all))]
}

// ClassRow are the figures of one class, or their mean.
type ClassRow struct {
	Class   string
	Count   int
	Figures []Measure // precision, recall, F1, average precision, AUC
}

// Measure is a share in words and for the bar beside it.
type Measure struct{ Text, Bar string }

func measureOf(v float64) Measure {
	if math.IsNaN(v) {
		return Measure{Text: "–", Bar: "0"}
	}
	return Measure{Text: number(v), Bar: fmt.Sprintf("%.3f", v)}
}

// classTable has a row a class and last the mean of those that are defined.
func classTable(r eval.Report, k ranking) []ClassRow {
	columns := make([][]float64, 5)
	var rows []ClassRow
	for i, c := range r.PerClass {
		precision, recall := orNaN(c.Precision), orNaN(c.Recall)
		row := ClassRow{Class: c.Class, Count: c.Count}
		for column, v := range []float64{precision, recall, f1(c, r.Confusion[i][i], putInto(r, i)), k.precision[i].Area, k.roc[i].Area} {
			columns[column] = append(columns[column], v)
			row.Figures = append(row.Figures, measureOf(v))
		}
		rows = append(rows, row)
	}
	last := ClassRow{Class: "mean of classes", Count: r.Count}
	for _, values := range columns {
		last.Figures = append(last.Figures, measureOf(meanOf(values)))
	}
	return append(rows, last)
}

// f1 is the harmonic mean of precision and recall, defined as soon as one picture is in the class or put there.
func f1(c eval.ClassMetrics, hits, put int) float64 {
	return float64(2*hits) / float64(c.Count+put)
}

func putInto(r eval.Report, class int) (n int) {
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

// meanOf leaves out NaN.
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
