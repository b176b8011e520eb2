package input

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestValidationSplitGolden(t *testing.T) {
	for seed, want := range map[uint64]float64{1: 0.22292860817761806, 2: 0.7648935560898764} {
		if got := hashFraction(seed, "cat", "cat/1.jpg"); got != want {
			t.Errorf("seed %d: got %v, want %v", seed, got, want)
		}
	}
}

func TestSplitNeverMovesImages(t *testing.T) {
	classes := []string{"cat", "dog"}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6}\.jpg`), 1, 40, rapid.ID).Draw(t, "names")
		seed, fraction := rapid.Uint64().Draw(t, "seed"), rapid.Float64Range(0.01, 0.99).Draw(t, "fraction")
		var all []Example
		for i, n := range names {
			all = append(all, Example{Name: n, Label: i % 2})
		}
		_, val := split(all, classes, seed, fraction)
		in := map[string]bool{}
		for _, ex := range val {
			in[ex.Name] = true
		}
		some := all[:rapid.IntRange(0, len(all)).Draw(t, "kept")]
		train, val := split(some, classes, seed, fraction)
		if len(train)+len(val) != len(some) {
			t.Fatalf("got %d+%d examples, want %d", len(train), len(val), len(some))
		}
		kept := map[int]bool{} // by label: one image has moved since it is the last of its class
		counts := Counts(train, len(classes))
		for _, ex := range train {
			if in[ex.Name] && (counts[ex.Label] > 1 || kept[ex.Label]) {
				t.Fatalf("%s moved to training", ex.Name)
			}
			kept[ex.Label] = true
		}
		for label, n := range Counts(some, len(classes)) {
			if n > 0 && counts[label] == 0 {
				t.Fatalf("class %s has no training images", classes[label])
			}
		}
		for _, ex := range val {
			if !in[ex.Name] && hashFraction(seed, classes[ex.Label], ex.Name) >= fraction {
				t.Fatalf("%s moved to validation", ex.Name)
			}
		}
	})
}

func TestSplitIsEvenInEachClass(t *testing.T) {
	const n, fraction = 4000, 0.2
	classes := []string{"cat", "dog", "bird"}
	var all []Example
	for i := range len(classes) * n {
		all = append(all, Example{Name: fmt.Sprint(i), Label: i % len(classes)})
	}
	_, val := split(all, classes, 1, fraction)
	for i, got := range Counts(val, len(classes)) {
		if sigma := math.Sqrt(n * fraction * (1 - fraction)); math.Abs(float64(got)-n*fraction) > 4*sigma {
			t.Errorf("class %s: got %d of %d", classes[i], got, n)
		}
	}
}
