package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/export"
	"alexnet/internal/bundle"
	"alexnet/internal/npy"
	"alexnet/tfgraph"
)

// exportWeights writes the variables alone.
func exportWeights(ctx context.Context, f exportFlags, source export.Source) error {
	if f.format == "checkpoint" {
		return exportCheckpoint(ctx, f.out, source)
	}
	if got, want := filepath.Ext(f.out), "."+f.format; got != want {
		return usageError{fmt.Errorf("--out: got %q, want a name that ends in %s", f.out, want)}
	}
	layers, err := readLayers(source.Prefix, source.Description.Network)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.out), 0o777); err != nil {
		return fmt.Errorf("export %q: %w", f.out, err)
	}
	return npy.Write(f.out, layers...)
}

// readLayers reads the network's variables, checksums and shapes included.
func readLayers(prefix string, network alexnet.Config) ([]npy.Layer, error) {
	r, err := bundle.Open(prefix)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var layers []npy.Layer
	for _, l := range network.Layers() {
		weights, err := readArray(r, l.Name+"/weights", l.Weights)
		if err != nil {
			return nil, err
		}
		biases, err := readArray(r, l.Name+"/biases", l.Biases)
		if err != nil {
			return nil, err
		}
		layers = append(layers, npy.Layer{Name: l.Name, Weights: weights, Biases: biases})
	}
	return layers, nil
}

func readArray(r *bundle.Reader, name string, shape []int64) (*npy.Array, error) {
	a, count := new(npy.Array), int64(1)
	for _, d := range shape {
		a.Shape, count = append(a.Shape, int(d)), count*d
	}
	a.Data = make([]float32, count)
	return a, r.Read(name, a.Data)
}

// exportCheckpoint writes the network's variables, without those of the optimiser, as
// the only checkpoint of a folder.
func exportCheckpoint(ctx context.Context, dir string, source export.Source) (err error) {
	root := op.NewScope()
	net := alexnet.Build(root, source.Description.Network)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, onCPU)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := saver.Restore(ctx, session, source.Prefix); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(dir) // which is empty then, or not ours
		}
	}()
	const all = 0
	return checkpoint.Dir(dir).Save(ctx, session, saver, source.Checkpoint, all)
}
