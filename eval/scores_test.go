package eval

import (
	"os"
	"reflect"
	"testing"
)

// Score gives what Evaluate counts and Predict says, of the pictures that are whole.
func TestScore(t *testing.T) {
	c, examples := opened(t), photographs(t, 7)
	want, err := c.Evaluate(t.Context(), examples, 3)
	must(t, err)
	got, err := c.Score(t.Context(), c.Loader(examples, 3))
	must(t, err)
	if !reflect.DeepEqual(got.Report, want) || !reflect.DeepEqual(got.Examples, examples) || got.Excluded != nil {
		t.Errorf("got %+v, want the report %+v of all pictures", got, want)
	}
	for i, p := range predictAll(t, c, examples, 3, 2) {
		if row := got.Probabilities[i]; p.Class != c.Meta.Preprocessing.Classes[ArgMax(row)] || p.Probability != float64(row[ArgMax(row)]) {
			t.Errorf("picture %d: got %v, want %s with %v", i, row, p.Class, p.Probability)
		}
	}

	must(t, os.Remove(examples[1].Path))
	must(t, os.WriteFile(examples[4].Path, []byte("no picture"), 0o644))
	whole := []int{0, 2, 3, 5, 6}
	less, err := c.Score(t.Context(), c.Loader(examples, 3))
	must(t, err)
	if less.Count != 5 || len(less.Excluded) != 2 || less.Excluded[0].Path != examples[1].Path || less.Excluded[1].Path != examples[4].Path {
		t.Fatalf("got %d pictures and problems %v, want 5 and the two that are gone and broken", less.Count, less.Excluded)
	}
	for i, at := range whole {
		if less.Examples[i].Path != examples[at].Path || len(less.Probabilities[i]) != 2 {
			t.Errorf("picture %d: got %q, want %q", i, less.Examples[i].Path, examples[at].Path)
		}
	}
}

func TestValues(t *testing.T) {
	c := opened(t)
	values, shape := c.Values("conv1/weights")
	if len(values) != 11*11*3*8 || !reflect.DeepEqual(shape, []int64{11, 11, 3, 8}) {
		t.Errorf("got %d values of shape %v, want 11x11x3x8", len(values), shape)
	}
	if values, shape := c.Values("conv9/weights"); values != nil || shape != nil {
		t.Errorf("got %d values of a layer that is not there", len(values))
	}
}
