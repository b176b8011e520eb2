package report

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"alexnet/classify"
	"alexnet/eval"
	"alexnet/input"
)

// fiveScores are the scores of five images of three classes; b has no images.
func fiveScores() classify.Scores {
	return classify.Scores{
		Report: eval.Report{Count: 5, Classes: []string{"a", "b", "c"},
			Confusion: [][]int{{1, 1, 1}, {0, 0, 0}, {0, 1, 1}},
			PerClass:  []eval.ClassMetrics{{Class: "a", Count: 3}, {Class: "b"}, {Class: "c", Count: 2}}},
		Examples:      []input.Example{{Name: "0", Label: 0}, {Name: "1", Label: 0}, {Name: "2", Label: 0}, {Name: "3", Label: 2}, {Name: "4", Label: 2}},
		Probabilities: [][]float32{{.5, .3, .2}, {.1, .6, .3}, {.05, .05, .9}, {0, .51, .49}, {.1, .2, .7}},
	}
}

func indices(predictions []prediction) (all []int) {
	for _, v := range predictions {
		all = append(all, v.index)
	}
	return all
}

func TestGallerySelection(t *testing.T) {
	all := predictions(fiveScores())
	for name, c := range map[string]struct{ got, want []int }{
		"top errors":               {indices(topErrors(all, 9)), []int{2, 1, 3}},
		"top two errors":           {indices(topErrors(all, 2)), []int{2, 1}},
		"lowest margin":            {indices(lowestMargin(all, 2)), []int{3, 0}},
		"none":                     {indices(lowestMargin(all, 0)), nil},
		"most confident per class": {mostConfident(all, 3), []int{0, -1, 4}},
		"none correct":             {mostConfident(all[1:4], 3), []int{0, -1, 2}}, // .1 of the label beats .05
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
}

func TestThumbnail(t *testing.T) {
	s := fiveScores()
	got := newThumbnail(predictions(s)[2], s.Examples[2], s.Classes, 1)
	want := thumbnail{Alt: "a, predicted as c", Name: "2", True: "a", Predicted: "c",
		Bars: []bar{{"c", "90.0 %", "0.900", false}, {"a", "5.0 %", "0.050", true}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v with the predicted class and the true class", got, want)
	}
}

// The page of a diverged model has no metrics.
func TestDivergedModel(t *testing.T) {
	s, nan := fiveScores(), float32(math.NaN())
	s.Loss = math.NaN()
	for i := range s.Probabilities {
		s.Probabilities[i] = []float32{nan, nan, nan}
	}
	dir, _ := trainedRun(t, 2)
	r, c := rank(s), calibrate(s)
	p, _ := makePage(t, dir, openModel(t, dir), openDataset(t, dir))
	p.Measured = &measured{Scores: s, Calibration: c, Average: r.microPrecision.Area, AUC: r.microROC.Area,
		Matrix: newMatrix(s.Report), Pairs: pairs(s.Report), Classes: classTable(s.Report, r)}
	figures, err := r.figures(s.Classes)
	must(t, err)
	reliability, err := drawCalibration(c)
	must(t, err)
	p.Measured.Figures = append(figures, reliability)
	for _, v := range slices.Concat(topErrors(predictions(s), 9), lowestMargin(predictions(s), 9)) {
		thumb := newThumbnail(v, s.Examples[v.index], s.Classes, 3)
		thumb.Image = p.Filters[0]
		p.Measured.TopErrors = append(p.Measured.TopErrors, thumb)
	}
	p.Cards = p.cards()
	text, err := p.HTML()
	must(t, err)
	checkPage(t, parse(t, text), text)
	if p.Cards[1].Value != "–" || p.Cards[4].Value != "–" {
		t.Errorf("got cards %+v, want neither a loss nor a calibration error", p.Cards)
	}
}

func TestTables(t *testing.T) {
	s := fiveScores()
	m := newMatrix(s.Report)
	if c := m.Rows[0][2]; c.Count != 1 || c.Share != "0.333" || c.Correct || !strings.HasPrefix(c.Title, "a predicted as c: 1, 33.3 %") {
		t.Errorf("got cell %+v", c)
	}
	if c := m.Rows[1][1]; c.Share != "" || !c.Correct {
		t.Errorf("got cell %+v of a class without images", c)
	}
	if got, want := pairs(s.Report), []pair{{"a", "b", 1, "33.3 %"}, {"a", "c", 1, "33.3 %"}, {"c", "b", 1, "50.0 %"}}; !slices.Equal(got, want) {
		t.Errorf("got pairs %v, want %v", got, want)
	}
	rows := classTable(s.Report, rank(s))
	if got := rows[0].Metrics[2].Text; got != "0.500" { // 2*1/(3+1)
		t.Errorf("got F1 %s of a, want 0.500", got)
	}
	if got := rows[1].Metrics; got[3].Text != "–" || got[4].Text != "–" {
		t.Errorf("got %v of a class without images, want no average precision and no AUC", got)
	}
	if last := rows[3]; last.Class != "mean" || last.Count != 5 || last.Metrics[4].Text == "–" {
		t.Errorf("got %+v, want the mean of the defined values", last)
	}
	many := eval.Report{Classes: make([]string, maxMatrixClasses+1)}
	if newMatrix(many) != nil {
		t.Error("got a matrix for too many classes")
	}
}

// The map's values are at the centers of the receptive fields of conv5, interpolated between them.
func TestInterpolate(t *testing.T) {
	h := classify.HeatMap{Side: 3, Offset: 17, Stride: 16, Values: []float32{0, 1, 2, 3, 4, 5, 6, 7, 8}}
	for _, c := range []struct {
		x, y int
		want float32
	}{{17, 17, 0}, {33, 17, 1}, {49, 49, 8}, {25, 17, .5}, {17, 25, 1.5}, {41, 41, 6}, {0, 0, 0}, {66, 66, 8}, {66, 0, 2}} {
		if got := interpolate(h, c.x, c.y); got != c.want {
			t.Errorf("at column %d, row %d: got %v, want %v", c.x, c.y, got, c.want)
		}
	}
}

func TestOverlay(t *testing.T) {
	seen := image.NewUniform(color.NRGBA{90, 90, 90, 255})
	square := image.NewNRGBA(image.Rect(0, 0, 67, 67))
	for i := range 67 * 67 {
		square.Set(i%67, i/67, seen.C)
	}
	gray := color.NRGBA{90, 90, 90, 255}
	hot := overlay(square, classify.HeatMap{Side: 3, Offset: 17, Stride: 16, Values: []float32{0, 0, 0, 0, 2, 0, 0, 0, 0}})
	if hot.NRGBAAt(2, 2) != gray || hot.NRGBAAt(33, 33).R < 200 {
		t.Errorf("got %v far from the maximum and %v at it, want the image and a bright color", hot.NRGBAAt(2, 2), hot.NRGBAAt(33, 33))
	}
	cold := overlay(square, classify.HeatMap{Side: 3, Offset: 17, Stride: 16, Values: make([]float32, 9)})
	nan := overlay(square, classify.HeatMap{Side: 1, Offset: 17, Stride: 16, Values: []float32{float32(math.NaN())}})
	if cold.NRGBAAt(33, 33) != gray || nan.NRGBAAt(33, 33) != gray {
		t.Errorf("got %v and %v of maps without a maximum, want the image", cold.NRGBAAt(33, 33), nan.NRGBAAt(33, 33))
	}
}

func TestTicks(t *testing.T) {
	labels := func(ticks []plot.Tick) (all []string) {
		for _, tick := range ticks {
			all = append(all, tick.Label)
		}
		return all
	}
	for name, c := range map[string]struct {
		got  []plot.Tick
		want string
	}{
		"few epochs":  {integerTicks{}.Ticks(0, 3), "0 1 2 3"},
		"some epochs": {integerTicks{}.Ticks(0, 15), "0 2 4 6 8 10 12 14"},
		"many epochs": {integerTicks{}.Ticks(0, 1000), "0 200 400 600 800 1000"},
		"no epoch":    {integerTicks{}.Ticks(0, 0), "0"},
		"logarithmic": {logTicks{}.Ticks(.2, 50), "0.2 0.5 1 2 5 10 20 50"},
		"far apart":   {logTicks{}.Ticks(1e-3, 1e3), "0.001 0.01 0.1 1 10 100 1000"},
	} {
		if got := strings.Join(labels(c.got), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if low, high := niceBounds(plotter.XYs{{Y: .3}, {Y: 41}, {Y: math.NaN()}}); low != .2 || high != 50 {
		t.Errorf("got %v to %v around 0.3 and 41, want 0.2 to 50", low, high)
	}
}

func TestSimplifyKeepsCorners(t *testing.T) {
	var points plotter.XYs
	for i := range 1000 {
		points = append(points, plotter.XY{X: float64(i) / 1e5})
	}
	points = append(points, plotter.XY{X: .01, Y: .5}, plotter.XY{X: 1, Y: .5})
	got := simplify(points, .003)
	if len(got) > 12 || got[0] != points[0] || got[len(got)-1] != points[1001] || !slices.Contains(got, points[999]) || !slices.Contains(got, points[1000]) {
		t.Errorf("got %d points %v, want a few of the thousand and all corners", len(got), got)
	}
}

func TestSettingRows(t *testing.T) {
	got, err := settingRows([]byte(`{"seed":18446744073709551615,"network":{"widths":{"fc":[1,2]},"size":67},"train_layers":["fc7","fc8"],"val":null,"lr":1e-3}`))
	must(t, err)
	want := []Row{{"lr", "1e-3"}, {"network.size", "67"}, {"network.widths.fc", "1, 2"}, {"seed", "18446744073709551615"}, {"train_layers", "fc7, fc8"}, {"val", "none"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := settingRows(nil); got != nil || err != nil {
		t.Errorf("got %v, %v without settings", got, err)
	}
	if _, err := settingRows([]byte(`{"a":`)); err == nil {
		t.Error("truncated settings: got no error")
	}
}

// Nested and long names need memory in proportion to the size of their file.
func TestSettingRowsStaySmall(t *testing.T) {
	leaves := func(n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, `"k%d":0,`, i)
		}
		return strings.TrimSuffix(all.String(), ",")
	}
	nested := func(depth int, open, inner, end string) string {
		return `{"a":1,"b":` + strings.Repeat(open, depth) + inner + strings.Repeat(end, depth) + "}"
	}
	for name, config := range map[string]string{
		"nested":    nested(4000, `{"a":`, "{"+leaves(40000)+"}", "}"),
		"no names":  nested(4000, `{"":`, "{"+leaves(40000)+"}", "}"),
		"many":      `{"a":1,` + leaves(40000) + "}",
		"lists":     nested(4000, "[", `"`+strings.Repeat("x", 400000)+`"`, "]"),
		"long name": `{"a":1,"` + strings.Repeat("x", 300000) + `":{` + leaves(10000) + "}}",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rows, err := settingRows([]byte(config))
			runtime.ReadMemStats(&after)
			must(t, err)
			total := 0
			for _, r := range rows {
				total += len(r.Name) + len(r.Value)
			}
			allocated := int(after.TotalAlloc - before.TotalAlloc)
			if len(rows) > maxSettings+1 || total > len(config) || allocated > 1<<20+50*len(config) {
				t.Errorf("got %d rows of %d bytes, with %d allocated, of %d bytes", len(rows), total, allocated, len(config))
			}
			if last := rows[len(rows)-1]; rows[0] != (Row{"a", "1"}) || name != "lists" && last.Name != "omitted" {
				t.Errorf("got %.60q first and %.60q at the end, want the number of omitted settings", rows[0], last)
			}
			t.Logf("%d rows of %d bytes, %d allocated, of %d bytes", len(rows), total, allocated, len(config))
		})
	}
}

func TestPageWithoutMatrix(t *testing.T) {
	dir, _ := trainedRun(t, 2)
	p, _ := makePage(t, dir, openModel(t, dir), openDataset(t, dir))
	p.Measured.Matrix = nil
	text, err := p.HTML()
	must(t, err)
	d := parse(t, text)
	checkPage(t, d, text)
	if got := fmt.Sprint(texts(d.all("p", "confusion"))); !strings.Contains(got, "Too many classes") {
		t.Errorf("got %q, want a remark that there is no matrix", got)
	}
}
