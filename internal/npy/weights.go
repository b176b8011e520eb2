package npy

import "slices"

// Array holds one array of a weights file, converted to float32 in C order (row-major:
// the last axis runs fastest). Dtype is the type it had in the file, such as "<f4" or
// ">f8"; float64 is rounded.
type Array struct {
	Shape []int
	Dtype string
	Data  []float32
}

// Layer is a layer's arrays under their name in the file. Either may be nil if the file
// has only the other.
type Layer struct {
	Name    string
	Weights *Array
	Biases  *Array
}

// Weights is the content of a weights file. Path is Open's argument. Dialect describes
// the file's format, for logs.
type Weights struct {
	Path    string
	Dialect string
	// Skipped names layers in the file that Open was not asked for.
	Skipped []string
	// Other names entries that are not a layer's weights or biases: the first ones, and how
	// many more there are.
	Other []string

	layers []Layer
}

// Layers returns the names of the layers that were read, in the order of the file.
func (w *Weights) Layers() []string {
	names := make([]string, len(w.layers))
	for i, l := range w.layers {
		names[i] = l.Name
	}
	return names
}

// Lookup returns the arrays of a layer, shared with w and with any layer that shares
// them in the file: treat them as read-only. One of the two is nil if the file does
// not have it; ok is false if the layer was not read.
func (w *Weights) Lookup(layer string) (weights, biases *Array, ok bool) {
	i := slices.IndexFunc(w.layers, func(l Layer) bool { return l.Name == layer })
	if i < 0 {
		return nil, nil, false
	}
	return w.layers[i].Weights, w.layers[i].Biases, true
}
