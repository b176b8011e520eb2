// Package weights opens pretrained weights, whichever format they are in. Start with [Open], which detects the format by
// content and returns a [File] of layers in the layout of package alexnet: convolutions as [rows, columns, in, out], fully
// connected layers as [in, out], the first of them with its inputs by row, column and channel.
//
// Each format has a reader in a package of its own, which knows tensors and nothing of layers. This package maps the names
// of tensors to layers. Layers are called conv1, conv2, … and, counting on, fc6, fc7, …: those of a file that names them
// otherwise, as torchvision and Flax do, in their order.
package weights

import (
	"fmt"
	"slices"

	"alexnet/internal/npy"
	"alexnet/internal/tensorfile"
)

// Array is one array of a layer. Shape and Data, which is row-major, are in the layout of package alexnet; the rest says what
// it was in the file.
type Array struct {
	Shape  []int
	Data   []float32
	Tensor string // its name in the file
	Stored []int  // its shape in the file
	Dtype  string // its type in the file, such as "float16"; Data is exact but for float64
}

// Layer is a layer's arrays. One of them may be nil.
type Layer struct {
	Name    string
	Weights *Array
	Biases  *Array
}

// File is the content of a weights file.
type File struct {
	Path   string
	Format string  // for logs, such as "npz"
	Layers []Layer // in the order of the file
	// Other names entries that are not a layer's weights or biases: the first ones, and how many more there are.
	Other []string
	// Channels is the order of the first convolution's inputs: RGB, BGR, or "" for the architecture's.
	Channels Channels
}

// Channels is an order of color channels.
type Channels string

// The orders of color channels, as in alexnet.Preprocessing.
const (
	RGB Channels = "RGB"
	BGR Channels = "BGR"
)

// Lookup returns the arrays of a layer, shared with f and with any layer that shares them in the file: treat them as
// read-only. One of the two is nil if the file does not have it; ok is false if the file does not have the layer.
func (f *File) Lookup(layer string) (weights, biases *Array, ok bool) {
	i := slices.IndexFunc(f.Layers, func(l Layer) bool { return l.Name == layer })
	if i < 0 {
		return nil, nil, false
	}
	return f.Layers[i].Weights, f.Layers[i].Biases, true
}

// ReorderChannels brings the inputs of the named layer, the first convolution, to the given order, unless they have it.
func (f *File) ReorderChannels(layer string, order Channels) {
	i := slices.IndexFunc(f.Layers, func(l Layer) bool { return l.Name == layer })
	if f.Channels == "" || f.Channels == order || i < 0 || f.Layers[i].Weights == nil {
		return
	}
	f.Channels = order
	a := f.Layers[i].Weights
	if len(a.Shape) != 4 || a.Shape[2] != 3 {
		return
	}
	out := a.Shape[3]
	for rgb := range slices.Chunk(a.Data, 3*out) {
		for k := range out {
			rgb[k], rgb[2*out+k] = rgb[2*out+k], rgb[k]
		}
	}
}

// Write writes layers to path, whose extension selects the format, see [npy.Write].
func Write(path string, layers ...Layer) error {
	var arrays []tensorfile.Array
	for _, l := range layers {
		if l.Weights == nil && l.Biases == nil {
			return fmt.Errorf("write layer %q: got no array, want weights or biases", l.Name)
		}
		for part, a := range []*Array{l.Weights, l.Biases} {
			if a != nil {
				arrays = append(arrays, tensorfile.Array{Name: l.Name + [...]string{"/weights", "/biases"}[part], Shape: a.Shape, Data: a.Data})
			}
		}
	}
	return npy.Write(path, arrays...)
}
