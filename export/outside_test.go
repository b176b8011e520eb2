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

func opsOf(found []export.Outside) (names []string) {
	for _, o := range found {
		names = append(names, o.Op)
	}
	return names
}

// Python's SavedModels are listed without being run. What reaches outside is named,
// in whichever function it stands; the saver's own operations are not, unless a
// signature leads to them.
func TestForeign(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds; run without -short")
	}
	dir := t.TempDir()
	testenv.RunPython(t, "export/testdata/foreign.py", dir)
	want := map[string][]string{
		"plain":    nil,
		"reaching": {"EagerPyFunc", "PrintV2", "ReadFile", "SaveV2", "TextLineDataset", "WriteFile"},
	}
	for name, reaching := range want {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(dir, name)
			found, err := export.Read(dir)
			must(t, err)
			if got := opsOf(found.Outside); !slices.Equal(got, reaching) {
				t.Errorf("got %v outside, want %v", found.Outside, reaching)
			}
			if !slices.ContainsFunc(found.Ops, func(o export.OpCount) bool { return o.Op == "RestoreV2" && o.Count > 0 }) || found.Functions == 0 || found.Bytes == 0 {
				t.Errorf("got %d functions in %d bytes with %v, want the saver's RestoreV2 too", found.Functions, found.Bytes, found.Ops)
			}
			_, err = classify.Open(t.Context(), dir, classify.Options{})
			var foreign *export.ForeignError
			if !errors.As(err, &foreign) || !slices.Equal(opsOf(foreign.Outside), reaching) {
				t.Fatalf("open: got %v, want a ForeignError that names %v", err, reaching)
			}
			for _, op := range reaching {
				if !strings.Contains(err.Error(), op) {
					t.Errorf("open: got %q, want it to name %s", err, op)
				}
			}
		})
	}
}

// What this program exports keeps to itself.
func TestExportKeepsToItself(t *testing.T) {
	found, err := export.Read(exported(t, newModel(t, "crop", 1)))
	must(t, err)
	if len(found.Outside) > 0 || len(found.Ops) < 20 || found.Functions != 1 {
		t.Errorf("got %v outside of %d kinds of operations, want none", found.Outside, len(found.Ops))
	}
}
