package eval

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"alexnet/input"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if runDir.path != "" {
			os.RemoveAll(runDir.path)
		}
		os.Exit(code)
	}))
}

var classes = []string{"cat", "dog"}

var tiny = testmodel.Network(2)

var runDir struct {
	once sync.Once
	path string
	err  error
}

// trained is a run directory with two checkpoints of an untrained tiny network;
// the first epoch's is the better one. All tests share it.
func trained(t testing.TB) string {
	t.Helper()
	runDir.once.Do(func() {
		if runDir.path, runDir.err = os.MkdirTemp("", "run"); runDir.err == nil {
			runDir.err = testmodel.Write(runDir.path, classes...)
		}
	})
	must(t, runDir.err)
	return runDir.path
}

// opened is the model of trained; it ends with the test.
func opened(t testing.TB) *Classifier {
	t.Helper()
	c, err := Open(context.Background(), trained(t), tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// photographs are n pictures that all differ, in a folder of their own, their
// labels by turns 0 and 1.
func photographs(t testing.TB, n int) []input.Example {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := range n {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)))
		must(t, os.WriteFile(paths[i], testmodel.JPEG(i), 0o644))
	}
	examples, problems := input.ExamplesFromPaths(paths, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i := range examples {
		examples[i].Label = i % 2
	}
	return examples
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
