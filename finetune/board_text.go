package finetune

import (
	"fmt"
	"slices"
	"strings"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/internal/display"
)

// table builds a Markdown table, which TensorBoard renders.
type table struct{ strings.Builder }

func newTable(headings ...string) *table {
	t := new(table)
	t.row(headings...)
	t.row(slices.Repeat([]string{"---"}, len(headings))...)
	return t
}

var cellText = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ")

func (t *table) row(cells ...string) {
	for _, c := range cells {
		t.WriteString("| " + cellText.Replace(c) + " ")
	}
	t.WriteString("|\n")
}

// settingsText lists the run's settings.
func settingsText(c Config) string {
	t := newTable("setting", "value")
	for _, s := range Settings {
		t.row(s.Name, s.Get(c))
	}
	return t.String()
}

// planText lists the layers with the source of their initial values.
func planText(plan alexnet.Plan) string {
	t := newTable("layer", "weights", "biases", "parameters", "from", "")
	for _, l := range plan {
		state := "frozen"
		if l.Trainable {
			state = "trained"
		}
		t.row(l.Name, fmt.Sprint(l.Weights), fmt.Sprint(l.Biases), fmt.Sprint(l.Parameters()), l.Source(), state)
	}
	return t.String()
}

// maxClasses is the maximum number of columns of a confusion matrix.
const maxClasses = 20

// confusionText is the confusion matrix, if it is small enough, and the metrics of each class.
func confusionText(r eval.Report) string {
	if len(r.Classes) > maxClasses {
		return perClassText(r)
	}
	t := newTable(append([]string{"true \\ predicted"}, r.Classes...)...)
	for i, counts := range r.Confusion {
		row := []string{r.Classes[i]}
		for _, n := range counts {
			row = append(row, fmt.Sprint(n))
		}
		t.row(row...)
	}
	return t.String() + "\n" + perClassText(r)
}

func perClassText(r eval.Report) string {
	t := newTable("class", "images", "precision", "recall")
	for _, c := range r.PerClass {
		t.row(c.Class, fmt.Sprint(c.Count), display.PercentOrDash(c.Precision), display.PercentOrDash(c.Recall))
	}
	return t.String()
}
