package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"alexnet/checkpoint"
	"alexnet/internal/hint"
	"alexnet/internal/weights"
)

func TestComputeStats(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	many := make([]float32, 1<<25)
	for i := range many {
		many[i] = 0.5
	}
	tests := []struct {
		name   string
		values []float32
		want   *valueStats
	}{
		{"none", nil, nil},
		{"some", []float32{3, -1, 4}, &valueStats{Min: -1, Mean: 2, Max: 4}},
		{"non-finite among them", []float32{nan, 2, inf}, &valueStats{Min: 2, Mean: 2, Max: 2, NonFinite: 2}},
		{"none finite", []float32{nan}, &valueStats{NonFinite: 1}},
		{"more than float32 can count", many, &valueStats{Min: 0.5, Mean: 0.5, Max: 0.5}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := computeStats(test.values)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if _, err := json.Marshal(variable{valueStats: got}); err != nil {
				t.Errorf("write as JSON: %v", err)
			}
		})
	}
}

func TestInspectWeights(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.npz")
	layer := weights.Layer{Name: "fc8", Weights: &weights.Array{Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 9}},
		Biases: &weights.Array{Shape: []int{3}, Data: []float32{0, 0, 0}}}
	if err := weights.Write(path, layer); err != nil {
		t.Fatal(err)
	}
	found, err := inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	if found.Parameters != 9 || found.Bytes != 36 || len(found.Variables) != 2 {
		t.Errorf("got %+v, want 2 variables of 9 parameters in 36 bytes", found)
	}
	if w := found.Variables[0]; w.Name != "fc8/weights" || w.Mean != 4 || w.Max != 9 || !reflect.DeepEqual(w.Shape, []int64{2, 3}) {
		t.Errorf("got %+v, want fc8/weights of shape [2 3] with mean 4", w)
	}
}

func TestInspectRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("not weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, filepath.Join(dir, "none"), t.TempDir()} {
		found, err := inspect(path)
		if found != nil || err == nil || hint.Of(err) == "" || strings.Count(err.Error(), path) > 1 {
			t.Errorf("%s: got %v, %v, want an error that names it once, with a hint", path, found, err)
		}
	}
}

// Skipped steps and lowered learning rates are shown.
func TestInspectShowsNonFinite(t *testing.T) {
	var text strings.Builder
	printMeta(&text, checkpoint.Meta{Skipped: 2, Lowered: 1})
	for _, want := range []string{"2 steps skipped", "divided by 10, 1 times"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got %q, want %q", text.String(), want)
		}
	}
}
