package weights

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A checkpoint is found by its prefix, any of its files, and as the variables of a SavedModel.
func TestOpenCheckpoint(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "variables", "variables")
	must(t, os.Mkdir(filepath.Dir(saved), 0o777))
	const small = "../bundle/testdata/small"
	for _, ending := range []string{".index", ".data-00000-of-00001"} {
		content, err := os.ReadFile(small + ending)
		must(t, err)
		must(t, os.WriteFile(saved+ending, content, 0o666))
	}
	for _, path := range []string{small, small + ".index", small + ".data-00000-of-00001", filepath.Dir(filepath.Dir(saved))} {
		f, err := Open(path)
		must(t, err)
		w, b, ok := f.Lookup("conv1")
		if !ok || !slices.Equal(w.Shape, []int{2, 3}) || !slices.Equal(w.Data, []float32{0, .25, .5, .75, 1, 1.25}) || !slices.Equal(b.Data, []float32{-.5, .5, 1}) {
			t.Errorf("%s: got %v, %v, %v", path, w, b, ok)
		}
		if want := []string{"global_step"}; !slices.Equal(f.Other, want) {
			t.Errorf("%s: got other entries %q, want %q", path, f.Other, want)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
