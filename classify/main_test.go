package classify_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"alexnet/classify"
	"alexnet/internal/testmodel"
)

var classes = []string{"cat", "dog", "fox"}

// run is a run directory with a tiny model, which all tests share.
var run string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "classify")
	if err != nil {
		panic(err)
	}
	run = filepath.Join(dir, "run")
	if err := testmodel.Write(run, classes...); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// opened is the model of run; it ends with the test.
func opened(t testing.TB, options classify.Options) *classify.Model {
	t.Helper()
	m, err := classify.Open(context.Background(), run, options)
	must(t, err)
	t.Cleanup(func() { must(t, m.Close()) })
	return m
}

// files are n images on disk, the fourth of them rotated by its EXIF data.
func files(t testing.TB, n int) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := range n {
		encoded := testmodel.JPEG(i)
		if i == 3 {
			encoded = testmodel.Turned(i, 6)
		}
		paths = append(paths, filepath.Join(dir, string(rune('a'+i))+".jpg"))
		must(t, os.WriteFile(paths[i], encoded, 0o644))
	}
	return paths
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
