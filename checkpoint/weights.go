package checkpoint

import (
	"context"
	"fmt"
	"maps"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/internal/bundle"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Weights are the values of a checkpoint's variables, to be fed to a graph that only reads them. They are a copy:
// changes of the checkpoint's files do not affect them.
type Weights struct {
	Feeds tfgraph.Feeds // the value of each variable
}

// Load reads vars from the bundle at prefix in parallel and verifies their checksums. All of vars must be in it, with
// their exact shapes. The caller closes the weights, after every session that they were fed to.
func Load(ctx context.Context, prefix string, vars []ops.Variable) (*Weights, error) {
	reader, err := bundle.Open(prefix)
	if err != nil {
		return nil, restoreError(prefix, err)
	}
	defer reader.Close()
	w := &Weights{Feeds: tfgraph.Feeds{}}
	var names []string
	values := map[string][]float32{}
	for _, v := range vars {
		if err := checkShape(reader, v.Name, v.Shape); err != nil {
			w.Close()
			return nil, restoreError(prefix, err)
		}
		t, err := tfgraph.Allocate(tf.Float, v.Shape...)
		if err != nil {
			w.Close()
			return nil, err
		}
		w.Feeds[v.Value] = t
		names, values[v.Name] = append(names, v.Name), tfgraph.Data[float32](t)
	}
	err = forEach(ctx, names, func(name string) error { return reader.Read(name, values[name]) })
	if err != nil {
		w.Close()
		return nil, restoreError(prefix, err)
	}
	return w, nil
}

// CheckShapes reports variables that the bundle at prefix lacks or holds in another shape. It reads the index alone:
// a network that a file describes is built only after this check.
func CheckShapes(prefix string, shapes map[string][]int64) error {
	reader, err := bundle.Open(prefix)
	if err != nil {
		return restoreError(prefix, err)
	}
	defer reader.Close()
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		if err := checkShape(reader, name, shapes[name]); err != nil {
			return restoreError(prefix, err)
		}
	}
	return nil
}

func checkShape(reader *bundle.Reader, name string, shape []int64) error {
	found, err := reader.Lookup(name)
	if err == nil && !slices.Equal(found.Shape, shape) {
		err = fmt.Errorf("variable %q: got shape %v, want %v", name, found.Shape, shape)
	}
	return err
}

// Close frees the memory.
func (w *Weights) Close() {
	for _, t := range w.Feeds {
		t.Close()
	}
}
