// Package weights opens pretrained weights, whichever format they are in. Start with [Open], which detects the format by
// content and returns a [File] of layers in the layout of package alexnet: convolutions as [rows, columns, in, out], fully
// connected layers as [in, out].
package weights

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"alexnet/internal/bundle"
	"alexnet/internal/npy"
)

// Array is one array, in float32 and row-major order. Layer is the weights and biases of a layer, of which one may be nil.
type (
	Array = npy.Array
	Layer = npy.Layer
)

// File is the content of a weights file.
type File struct {
	Path   string
	Format string  // for logs, such as "npz"
	Layers []Layer // in the order of the file
	// Other names entries that are not a layer's weights or biases: the first ones, and how many more there are.
	Other []string
}

// Lookup returns the arrays of a layer, shared with f and with any layer that shares them in the file: treat them as
// read-only. One of the two is nil if the file does not have it; ok is false if the file does not have the layer.
func (f *File) Lookup(layer string) (weights, biases *Array, ok bool) {
	i := slices.IndexFunc(f.Layers, func(l Layer) bool { return l.Name == layer })
	if i < 0 {
		return nil, nil, false
	}
	return f.Layers[i].Weights, f.Layers[i].Biases, true
}

// Open reads the weights at path: a NumPy file or folder of arrays, see [npy.Open]; a TensorFlow checkpoint, by its prefix or any
// of its files; or the variables of a SavedModel.
func Open(path string) (*File, error) {
	for _, prefix := range []string{path, filepath.Join(path, "variables", "variables")} {
		if prefix, ok := bundle.FindPrefix(prefix); ok && !isFolder(prefix) {
			return openCheckpoint(prefix)
		}
	}
	w, err := npy.Open(path)
	if err != nil {
		return nil, err
	}
	return &File{Path: path, Format: w.Dialect, Layers: w.Layers, Other: w.Other}, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// openCheckpoint reads the float32 variables NAME/weights and NAME/biases of a checkpoint, as this program and TF1's Saver
// name them. Optimizer state and all else is Other.
func openCheckpoint(prefix string) (*File, error) {
	r, err := bundle.Open(prefix)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f := &File{Path: prefix, Format: "TensorFlow checkpoint"}
	for _, v := range r.Variables() {
		layer, part, ok := npy.SplitName(v.Name)
		if !ok {
			f.Other = append(f.Other, v.Name)
			continue
		}
		a := &Array{Dtype: bundle.TypeName(v.DType)}
		for _, d := range v.Shape {
			a.Shape = append(a.Shape, int(d))
		}
		if a.Data, err = r.Float32s(v.Name); err != nil {
			return nil, err
		}
		f.add(layer, part, a)
	}
	if len(f.Layers) == 0 {
		return nil, fmt.Errorf("read weights %q: got the variables %q, want LAYER/weights and LAYER/biases", prefix, f.Other[:min(len(f.Other), 5)])
	}
	return f, nil
}

// add adds the weights (part 0) or biases (1) of a layer.
func (f *File) add(layer string, part int, a *Array) {
	i := slices.IndexFunc(f.Layers, func(l Layer) bool { return l.Name == layer })
	if i < 0 {
		i = len(f.Layers)
		f.Layers = append(f.Layers, Layer{Name: layer})
	}
	*[]**Array{&f.Layers[i].Weights, &f.Layers[i].Biases}[part] = a
}
