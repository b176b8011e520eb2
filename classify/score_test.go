package classify_test

import (
	"errors"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"alexnet/classify"
	"alexnet/eval"
	"alexnet/input"
)

// labeled are n images on disk with labels 0 and 1 in turn.
func labeled(t testing.TB, n int) []input.Example {
	t.Helper()
	examples, problems := input.FindImages(files(t, n), nil, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i := range examples {
		examples[i].Label = i % 2
	}
	return examples
}

// Evaluate and ClassifyAll agree, whatever the batch size.
func TestEvaluateAgreesWithClassify(t *testing.T) {
	examples := labeled(t, 7)
	var want eval.Report
	for i, batch := range []int{7, 1, 3, 64} {
		m := opened(t, classify.Options{Batch: batch})
		r, err := m.Evaluate(t.Context(), examples, batch)
		must(t, err)
		if i == 0 {
			want = r
		}
		if math.Abs(r.Loss-want.Loss) > 1e-5 || r.Accuracy != want.Accuracy || r.Count != 7 {
			t.Errorf("batch size %d: got %+v, want %+v", batch, r, want)
		}
		correct, loss, k := 0, 0.0, 0
		for result, err := range m.ClassifyAll(t.Context(), classify.FromExamples(examples)) {
			must(t, err)
			label := examples[k].Label
			if result.Class == classes[label] {
				correct++
			}
			loss -= math.Log(float64(result.Probabilities[label])) / 7
			k++
		}
		if float64(correct)/7 != want.Accuracy || math.Abs(loss-want.Loss) > 1e-5 {
			t.Errorf("batch size %d: got %d correct, loss %v, want accuracy %v, loss %v", batch, correct, loss, want.Accuracy, want.Loss)
		}
	}
}

// The limits hold while images are evaluated, not only when they are found.
func TestEvaluateKeepsLimits(t *testing.T) {
	examples := labeled(t, 2)
	pixels := int64(examples[0].Width) * int64(examples[0].Height)
	for limit, want := range map[int64]error{pixels - 1: input.ErrTooLarge, pixels: nil, 0: nil} {
		m := opened(t, classify.Options{Limits: input.Limits{MaxPixels: limit}})
		if _, err := m.Evaluate(t.Context(), examples, 2); !errors.Is(err, want) {
			t.Errorf("at most %d of %d pixels: got %v, want %v", limit, pixels, err, want)
		}
	}
}

// Score agrees with Evaluate and Classify on the images that can be decoded.
func TestScore(t *testing.T) {
	m, examples := opened(t, classify.Options{}), labeled(t, 7)
	want, err := m.Evaluate(t.Context(), examples, 1)
	must(t, err)
	got, err := m.Score(t.Context(), m.Loader(examples, 1))
	must(t, err)
	if !reflect.DeepEqual(got.Report, want) || !reflect.DeepEqual(got.Examples, examples) || got.Excluded != nil {
		t.Errorf("got %+v, want the report %+v of all images", got, want)
	}
	for i, ex := range examples {
		result, err := m.Classify(t.Context(), classify.FromFile(ex.Path))
		must(t, err)
		if !slices.Equal(got.Probabilities[i], result.Probabilities) {
			t.Errorf("image %d: got %v, want %v", i, got.Probabilities[i], result.Probabilities)
		}
	}

	must(t, os.Remove(examples[1].Path))
	must(t, os.WriteFile(examples[4].Path, []byte("not an image"), 0o644))
	less, err := m.Score(t.Context(), m.Loader(examples, 3))
	must(t, err)
	if less.Count != 5 || len(less.Excluded) != 2 || less.Excluded[0].Path != examples[1].Path || less.Excluded[1].Path != examples[4].Path {
		t.Fatalf("got %d images and excluded %v, want 5 and the two that are missing and damaged", less.Count, less.Excluded)
	}
	for i, at := range []int{0, 2, 3, 5, 6} {
		if less.Examples[i].Path != examples[at].Path || len(less.Probabilities[i]) != len(classes) {
			t.Errorf("image %d: got %q, want %q", i, less.Examples[i].Path, examples[at].Path)
		}
	}
}
