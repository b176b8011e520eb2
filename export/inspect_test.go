package export_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/export"
	"alexnet/internal/testenv"
)

// Python's SavedModels are listed and refused; their graphs are not run.
func TestInspectOfAnotherProgramsModel(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds; run without -short")
	}
	dir := filepath.Join(t.TempDir(), "model")
	testenv.RunPython(t, "export/testdata/foreign.py", dir)
	found, err := export.Inspect(dir)
	must(t, err)
	for _, op := range []string{"RestoreV2", "MatMul", "ReadFile"} { // the last two are in functions
		if !slices.ContainsFunc(found.Ops, func(o export.OpCount) bool { return o.Op == op && o.Count > 0 }) {
			t.Errorf("got %v, want %s too", found.Ops, op)
		}
	}
	isDefault := func(s export.Signature) bool {
		return s.Name == export.DefaultSignature && len(s.Inputs) == 2 && len(s.Outputs) == 2
	}
	if found.Functions == 0 || found.Bytes == 0 || !slices.ContainsFunc(found.Signatures, isDefault) {
		t.Errorf("got %+v, want functions and the default signature", found)
	}
	_, err = classify.Open(t.Context(), dir, classify.Options{})
	if !errors.Is(err, export.ErrForeign) || !strings.Contains(err.Error(), dir) {
		t.Errorf("open: got %v, want ErrForeign and the directory", err)
	}
}

func TestInspect(t *testing.T) {
	found, err := export.Inspect(exported(t, newModel(t, "crop", 1)))
	must(t, err)
	if found.Card == nil || len(found.Ops) < 20 || found.Functions != 1 || len(found.Signatures) != 6 {
		t.Errorf("got %+v, want a card, six signatures, and one function", found)
	}
}
