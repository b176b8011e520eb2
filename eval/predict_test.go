package eval

import (
	"context"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"alexnet/input"
)

func predictAll(t testing.TB, c *Classifier, examples []input.Example, batch, k int) (all []Prediction) {
	t.Helper()
	must(t, c.Predict(context.Background(), examples, batch, k, func(p Prediction) error {
		all = append(all, p)
		return nil
	}))
	return all
}

// A picture that is broken, gone or changed is said to be so in its place; the
// others come out as they do without it.
func TestPredictGoesOnPastBrokenPictures(t *testing.T) {
	c := opened(t)
	examples := photographs(t, 7)
	want := predictAll(t, c, examples, 7, 2)
	b, err := os.ReadFile(examples[2].Path)
	must(t, err)
	must(t, os.WriteFile(examples[2].Path, b[:len(b)/2], 0o644)) // the header is whole
	must(t, os.Remove(examples[4].Path))
	must(t, os.WriteFile(examples[5].Path, []byte("no picture"), 0o644))
	for _, batch := range []int{1, 3, 7, 100} {
		got := predictAll(t, c, examples, batch, 2)
		if len(got) != len(want) {
			t.Fatalf("batches of %d: got %d predictions, want %d", batch, len(got), len(want))
		}
		for i, p := range got {
			broken := i == 2 || i == 4 || i == 5
			switch {
			case broken && (p.Err == nil || p.Path != examples[i].Path || p.Class != "" || p.Top != nil):
				t.Errorf("batches of %d: picture %d: got %+v, want only its path and an error", batch, i, p)
			case broken && !strings.Contains(p.Err.Error(), examples[i].Path):
				t.Errorf("batches of %d: picture %d: got %q, want it to name the file", batch, i, p.Err)
			case !broken && (p.Err != nil || p.Class != want[i].Class || math.Abs(p.Probability-want[i].Probability) > 1e-6):
				t.Errorf("batches of %d: picture %d: got %+v, want %+v", batch, i, p, want[i])
			}
		}
	}
}

func TestPredictRanks(t *testing.T) {
	c := opened(t)
	examples := photographs(t, 3)
	for k, want := range []int{0, 1, 2, 2} {
		for _, p := range predictAll(t, c, examples, 2, k) {
			if len(p.Top) != want {
				t.Errorf("top %d: got %d classes, want %d", k, len(p.Top), want)
			}
			if p.Class == "" || p.Probability < .5 || p.Probability > 1 {
				t.Errorf("top %d: got %q at %v, want the more probable of two", k, p.Class, p.Probability)
			}
			if k == 2 && (p.Top[0] != Ranked{p.Class, p.Probability} || math.Abs(p.Top[0].Probability+p.Top[1].Probability-1) > 1e-6) {
				t.Errorf("got %+v, want the first class first and probabilities that add up to 1", p.Top)
			}
		}
	}
	got := Rank([]string{"a", "b", "c", "d"}, []float32{.125, .375, .125, .375})
	if want := []Ranked{{"b", .375}, {"d", .375}, {"a", .125}, {"c", .125}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v: equals in the order of labels", got, want)
	}
}

func TestPredictEndsEarly(t *testing.T) {
	c := opened(t)
	examples := photographs(t, 4)
	ignore := func(Prediction) error { return nil }
	enough := errors.New("enough")
	count := 0
	err := c.Predict(context.Background(), examples, 2, 1, func(Prediction) error {
		count++
		return enough
	})
	if err != enough || count != 1 {
		t.Errorf("got %v after %d predictions, want %v after 1", err, count, enough)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Predict(ctx, examples, 2, 1, ignore); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v, want %v", err, context.Canceled)
	}
	if err := c.Predict(context.Background(), nil, 2, 1, ignore); err != nil {
		t.Errorf("no pictures: got %v, want nothing", err)
	}
	for name, bad := range map[string][2]int{"batch": {0, 1}, "top": {1, -1}} {
		if err := c.Predict(context.Background(), examples, bad[0], bad[1], ignore); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of %v: got %v, want an error that says so", name, bad, err)
		}
	}
}

func TestPredictionJSON(t *testing.T) {
	cases := map[string]Prediction{
		`{"path":"a.jpg","class":"cat","probability":0.75,"top":[{"class":"cat","probability":0.75},{"class":"dog","probability":0.25}]}`: {
			Path: "a.jpg", Class: "cat", Probability: .75, Top: []Ranked{{"cat", .75}, {"dog", .25}}},
		`{"path":"a.jpg","class":"cat","probability":1,"top":[]}`: {Path: "a.jpg", Class: "cat", Probability: 1, Top: []Ranked{}},
		`{"path":"b.jpg","error":"is damaged"}`:                   {Path: "b.jpg", Err: input.ErrDamaged},
	}
	for want, p := range cases {
		if got := inJSON(t, p); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := inJSON(t, &p); got != want {
			t.Errorf("through a pointer: got %s, want %s", got, want)
		}
	}
}
