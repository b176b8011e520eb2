package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"alexnet/alexnet"
	"alexnet/internal/bundle"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Weights are the values of variables as they stand in a checkpoint's file,
// mapped into memory: to be fed where nothing updates them, without a copy and
// without a node in the graph. As long as they are open that file must not be
// made shorter, which would end the process; to remove or replace it is
// harmless, and this package never writes to a file that is there already.
type Weights struct {
	Feeds  tfgraph.Feeds // the value of each variable
	prefix string
	names  []string
	reader *bundle.Reader
}

// Map opens the bundle at prefix for vars, all of which must be in it with their
// exact shapes, and their files as long as the index says. The values are only
// looked at by [Weights.Verify]. The caller closes the weights, after every
// session that they were fed to.
func Map(prefix string, vars []ops.Variable) (*Weights, error) {
	reader, err := bundle.Open(prefix)
	if err != nil {
		return nil, restoring(prefix, err)
	}
	w := &Weights{Feeds: tfgraph.Feeds{}, prefix: prefix, reader: reader}
	for _, v := range vars {
		if err := w.take(v); err != nil {
			return nil, errors.Join(restoring(prefix, err), w.Close())
		}
	}
	return w, nil
}

// Fits tells whether the bundle at prefix holds the variables of layers in their
// shapes. It reads the index alone, and so tells whether a network that a file
// describes may be built.
func Fits(prefix string, layers []alexnet.Layer) error {
	reader, err := bundle.Open(prefix)
	if err != nil {
		return restoring(prefix, err)
	}
	defer reader.Close()
	for _, l := range layers {
		for name, shape := range map[string][]int64{l.Name + "/weights": l.Weights, l.Name + "/biases": l.Biases} {
			found, err := reader.Lookup(name)
			if err == nil && !slices.Equal(found.Shape, shape) {
				err = fmt.Errorf("variable %q: got shape %v, want %v", name, found.Shape, shape)
			}
			if err != nil {
				return restoring(prefix, err)
			}
		}
	}
	return nil
}

func (w *Weights) take(v ops.Variable) error {
	found, err := w.reader.Lookup(v.Name)
	if err != nil {
		return err
	}
	if !slices.Equal(found.Shape, v.Shape) {
		return fmt.Errorf("variable %q: got shape %v, want %v", v.Name, found.Shape, v.Shape)
	}
	values, err := w.reader.View(v.Name)
	if err != nil {
		return err
	}
	w.names = append(w.names, v.Name)
	w.Feeds[v.Value], err = tfgraph.Borrow(values, v.Shape...)
	return err
}

// Verify reads all values, on every core, and compares them with their
// checksums. Until it has passed they may be anything.
func (w *Weights) Verify(ctx context.Context) error {
	return restoring(w.prefix, verify(ctx, w.reader, w.names))
}

// Close frees the tensors and the mapping.
func (w *Weights) Close() error {
	for _, t := range w.Feeds {
		t.Close()
	}
	return w.reader.Close()
}
