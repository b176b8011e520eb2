package eval

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

// shown is one image of a batch.
type shown struct {
	label         int
	loss          float32
	probabilities []float32
}

func (s shown) ofSix() shown { s.probabilities = s.probabilities[:6]; return s }

func TestTally(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	abc := []string{"a", "b", "c"}
	cases := map[string]struct {
		classes []string
		shown   []shown
		want    Report
	}{
		"nothing shown": {classes: classes, want: Report{
			Classes: classes, Confusion: [][]int{{0, 0}, {0, 0}}, PerClass: []ClassMetrics{{Class: "cat"}, {Class: "dog"}},
		}},
		"three of four right": {classes: classes, shown: []shown{
			{0, .25, []float32{.75, .25}}, {0, .5, []float32{.625, .375}}, {1, .25, []float32{.25, .75}}, {1, 1.5, []float32{.75, .25}},
		}, want: Report{
			Accuracy: .75, Loss: .625, Count: 4, Classes: classes, Confusion: [][]int{{2, 0}, {1, 1}},
			PerClass: []ClassMetrics{{"cat", 2, f(2. / 3), f(1)}, {"dog", 2, f(1), f(.5)}},
		}},
		"a tie goes to the lower label": {classes: classes, shown: []shown{
			{0, 1, []float32{.5, .5}}, {1, 1, []float32{.5, .5}},
		}, want: Report{
			Accuracy: .5, Loss: 1, Count: 2, Classes: classes, Confusion: [][]int{{1, 0}, {1, 0}},
			PerClass: []ClassMetrics{{"cat", 1, f(.5), f(1)}, {"dog", 1, nil, f(0)}},
		}},
		"a class without images": {classes: abc, shown: []shown{
			{0, 1, []float32{.5, .25, .25}}, {1, 1, []float32{.25, .25, .5}},
		}, want: Report{
			Accuracy: .5, Loss: 1, Count: 2, Classes: abc, Confusion: [][]int{{1, 0, 0}, {0, 0, 1}, {0, 0, 0}},
			PerClass: []ClassMetrics{{"a", 1, f(1), f(1)}, {"b", 1, nil, f(0)}, {"c", 0, f(0), nil}},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sum := newTally(c.classes)
			for _, s := range c.shown {
				sum.add(s.label, s.loss, s.probabilities)
			}
			if got := sum.report(); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %s, want %s", inJSON(t, got), inJSON(t, c.want))
			}
		})
	}
}

// The five first of more than five classes; those that tie with the fifth count
// too.
func TestTop5(t *testing.T) {
	seven := []string{"a", "b", "c", "d", "e", "f", "g"}
	falling := []float32{.3, .2, .15, .125, .1, .075, .05}
	cases := map[string]struct {
		classes []string
		shown   []shown
		want    float64 // below 0: none
	}{
		"first":          {seven, []shown{{0, 0, falling}}, 1},
		"fifth":          {seven, []shown{{4, 0, falling}}, 1},
		"sixth":          {seven, []shown{{5, 0, falling}}, 0},
		"half of them":   {seven, []shown{{4, 0, falling}, {5, 0, falling}, {6, 0, falling}, {1, 0, falling}}, .5},
		"a tie of fifth": {seven, []shown{{6, 0, []float32{.2, .2, .2, .2, .1, 0, .1}}}, 1},
		"six classes":    {seven[:6], []shown{shown{5, 0, falling}.ofSix()}, 0},
		"five classes":   {seven[:5], []shown{{0, 0, falling[:5]}}, -1},
		"no images":      {seven, nil, -1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sum := newTally(c.classes)
			for _, s := range c.shown {
				sum.add(s.label, s.loss, s.probabilities)
			}
			switch got := sum.report().Top5; {
			case c.want < 0 && got != nil:
				t.Errorf("got %v, want none", *got)
			case c.want >= 0 && (got == nil || *got != c.want):
				t.Errorf("got %v, want %v", inJSON(t, got), c.want)
			}
		})
	}
}

// A network that has diverged says NaN of everything, which is no class at all
// but must not end the program.
func TestTallyOfNaN(t *testing.T) {
	nan := float32(math.NaN())
	sum := newTally(classes)
	sum.add(1, nan, []float32{nan, nan})
	sum.add(1, 0, []float32{nan, 1})
	r := sum.report()
	if !math.IsNaN(r.Loss) || r.Count != 2 {
		t.Errorf("got loss %v of %d images, want NaN of 2", r.Loss, r.Count)
	}
}

func TestReportJSON(t *testing.T) {
	sum := newTally([]string{"a", "b", "c", "d", "e", "f"})
	sum.add(0, .5, []float32{.5, .1, .1, .1, .1, .1})
	sum.add(1, 1.5, []float32{.5, .3, .05, .05, .05, .05})
	const want = `{"accuracy":0.5,"top5":1,"loss":1,"count":2,"classes":["a","b","c","d","e","f"],` +
		`"confusion":[[1,0,0,0,0,0],[1,0,0,0,0,0],[0,0,0,0,0,0],[0,0,0,0,0,0],[0,0,0,0,0,0],[0,0,0,0,0,0]],` +
		`"per_class":[{"class":"a","count":1,"precision":0.5,"recall":1},{"class":"b","count":1,"precision":null,"recall":0},` +
		`{"class":"c","count":0,"precision":null,"recall":null},{"class":"d","count":0,"precision":null,"recall":null},` +
		`{"class":"e","count":0,"precision":null,"recall":null},{"class":"f","count":0,"precision":null,"recall":null}]}`
	if got := inJSON(t, sum.report()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	two := newTally(classes)
	two.add(0, .5, []float32{1, 0})
	const short = `{"accuracy":1,"loss":0.5,"count":1,"classes":["cat","dog"],"confusion":[[1,0],[0,0]],` +
		`"per_class":[{"class":"cat","count":1,"precision":1,"recall":1},{"class":"dog","count":0,"precision":null,"recall":null}]}`
	if got := inJSON(t, two.report()); got != short {
		t.Errorf("got %s\nwant %s", got, short)
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}
