package checkpoint

import (
	"context"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/alexnet"
	"alexnet/internal/bundle"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Weights are the values of variables as they stood in a checkpoint, in memory of
// their own: to be fed where nothing updates them, without a node in the graph.
// What becomes of the checkpoint's files afterwards does not matter.
type Weights struct {
	Feeds tfgraph.Feeds // the value of each variable
}

// Load reads the bundle at prefix for vars, all of which must be in it with their
// exact shapes, on every core, and compares them with their checksums. The caller
// closes the weights, after every session that they were fed to.
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
		t, err := allocate(reader, v)
		if err != nil {
			w.Close()
			return nil, restoreError(prefix, err)
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

// Fits tells whether the bundle at prefix holds the variables of layers in their
// shapes. It reads the index alone, and so tells whether a network that a file
// describes may be built.
func Fits(prefix string, layers []alexnet.Layer) error {
	reader, err := bundle.Open(prefix)
	if err != nil {
		return restoreError(prefix, err)
	}
	defer reader.Close()
	for _, l := range layers {
		for name, shape := range map[string][]int64{l.Name + "/weights": l.Weights, l.Name + "/biases": l.Biases} {
			found, err := reader.Lookup(name)
			if err == nil && !slices.Equal(found.Shape, shape) {
				err = fmt.Errorf("variable %q: got shape %v, want %v", name, found.Shape, shape)
			}
			if err != nil {
				return restoreError(prefix, err)
			}
		}
	}
	return nil
}

// allocate makes room for v, if the bundle has it as it should be.
func allocate(reader *bundle.Reader, v ops.Variable) (*tfgraph.Tensor, error) {
	found, err := reader.Lookup(v.Name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(found.Shape, v.Shape) {
		return nil, fmt.Errorf("variable %q: got shape %v, want %v", v.Name, found.Shape, v.Shape)
	}
	return tfgraph.Allocate(tf.Float, v.Shape...)
}

// Close frees the memory.
func (w *Weights) Close() {
	for _, t := range w.Feeds {
		t.Close()
	}
}
