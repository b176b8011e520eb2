package export_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/export"
	"alexnet/input"
)

// reference predicts with the model itself.
func (m model) reference(t testing.TB) *export.Reference {
	t.Helper()
	c, err := classify.Load(t.Context(), m.Source, classify.Options{Batch: 16})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return &export.Reference{Preprocessing: m.Description.Preprocessing, Predict: func(ctx context.Context, examples []input.Example) (rows [][]float32, err error) {
		for r, err := range c.ClassifyAll(ctx, classify.FromExamples(examples)) {
			if err != nil {
				return nil, err
			}
			rows = append(rows, r.Probabilities)
		}
		return rows, nil
	}}
}

// A SavedModel whose predictions differ from the reference's is refused.
func TestSavedModelIsCompared(t *testing.T) {
	m, other := newModel(t, "squash", 1), newModel(t, "squash", 2)
	stored, renamed := m.stored(), m
	renamed.Description.Preprocessing.Classes = slices.Clone(classes)
	slices.Reverse(renamed.Description.Preprocessing.Classes)
	reference := m.reference(t)
	for name, c := range map[string]struct {
		model model
		want  []string
	}{
		"the same model":         {m, nil},
		"other weights":          {other, []string{"got probability"}},
		"without orientation":    {stored, []string{"signature oriented", "rotated.jpg: got probability"}},
		"names in another order": {renamed, []string{"got class"}},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "model")
			_, found, err := export.SavedModel(t.Context(), out, c.model.Source, export.Options{Reference: reference})
			if c.want == nil {
				if err != nil || found.Images != 3 || found.MaxDifference > tolerance {
					t.Errorf("got %+v, %v, want 3 images and a difference of at most %g", found, err, tolerance)
				}
				return
			}
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q", err, part)
				}
			}
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("got %v of %q, want nothing there", err, out)
			}
		})
	}
}

// A checkpoint and weights files hold the source's bits, and damaged values of the source are refused.
func TestWeightsAndCheckpoint(t *testing.T) {
	m := newModel(t, "squash", 1)
	dir := t.TempDir()
	must(t, export.Checkpoint(t.Context(), filepath.Join(dir, "checkpoint"), m.Source))
	copied, err := classify.Find(filepath.Join(dir, "checkpoint"))
	must(t, err)
	must(t, export.Weights(filepath.Join(dir, "a", "w.npy"), m.Source))
	must(t, export.Weights(filepath.Join(dir, "b", "w.npy"), copied))
	must(t, export.Weights(filepath.Join(dir, "w.npz"), copied))
	if a, b := files(t, filepath.Join(dir, "a")), files(t, filepath.Join(dir, "b")); len(a) != 1 || a["w.npy"] != b["w.npy"] {
		t.Errorf("got %d and %d files, want the same one", len(a), len(b))
	}
	data := m.Prefix + ".data-00000-of-00001"
	text, err := os.ReadFile(data)
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(data, text, 0o644))
	for name, err := range map[string]error{
		"checkpoint": export.Checkpoint(t.Context(), filepath.Join(dir, "x"), m.Source),
		"weights":    export.Weights(filepath.Join(dir, "x.npy"), m.Source),
	} {
		if err == nil || !strings.Contains(err.Error(), "checksum") && !strings.Contains(err.Error(), checkpoint.ErrDamaged.Error()) {
			t.Errorf("%s: got %v, want damaged", name, err)
		}
	}
	if got := files(t, dir); len(got) != 7 { // the checkpoint's four, and three files
		t.Errorf("got %d files, want 7: %v", len(got), got)
	}
}
