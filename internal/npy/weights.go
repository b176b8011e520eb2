package npy

import "slices"

// Array holds one array of a weights file, converted to float32 in C order (row-major: the last axis runs fastest).
// Dtype is the type it had in the file, such as "<f4" or ">f8"; float64 is rounded.
type Array struct {
	Shape []int
	Dtype string
	Data  []float32
}

// Layer is a layer's arrays under their name in the file. Either may be nil if the file has only the other.
type Layer struct {
	Name    string
	Weights *Array
	Biases  *Array
}

// Weights is the content of a weights file. Path is Open's argument. Dialect describes the file's format, for logs.
type Weights struct {
	Path    string
	Dialect string
	Layers  []Layer // in the order of the file
	// Other names entries that are not a layer's weights or biases: the first ones, and how many more there are.
	Other []string
}

// Lookup returns the arrays of a layer, shared with w and with any layer that shares them in the file: treat them as
// read-only. One of the two is nil if the file does not have it; ok is false if the file does not have the layer.
func (w *Weights) Lookup(layer string) (weights, biases *Array, ok bool) {
	i := slices.IndexFunc(w.Layers, func(l Layer) bool { return l.Name == layer })
	if i < 0 {
		return nil, nil, false
	}
	return w.Layers[i].Weights, w.Layers[i].Biases, true
}
