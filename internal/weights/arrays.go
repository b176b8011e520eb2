package weights

import (
	"errors"
	"os"

	"alexnet/internal/safetensors"
	"alexnet/internal/tensorfile"
)

// WriteTorch writes layers to path as safetensors in PyTorch's layout: convolutions as [out, in, rows, columns], fully
// connected layers as [out, in], the first of them with its inputs by channel, row and column. names are those of the
// modules by layer.
func WriteTorch(path string, names, metadata map[string]string, layers ...Layer) (err error) {
	var arrays []tensorfile.Array
	channels := 0 // of the last convolution, until a fully connected layer has read it
	for _, l := range layers {
		w := l.Weights
		if len(w.Shape) == 4 {
			channels, w = w.Shape[3], w.Transposed(3, 2, 0, 1)
		} else {
			if channels > 0 {
				w = w.ChannelsFirst(channels)
			}
			channels, w = 0, w.Transposed(1, 0)
		}
		name := names[l.Name]
		arrays = append(arrays, tensorfile.Array{Name: name + ".weight", Shape: w.Shape, Data: w.Data},
			tensorfile.Array{Name: name + ".bias", Shape: l.Biases.Shape, Data: l.Biases.Data})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return safetensors.Write(f, tensorfile.Float32, metadata, arrays...)
}

// Transposed returns a copy with the axes in the given order.
func (a *Array) Transposed(axes ...int) *Array {
	t := &Array{Shape: make([]int, len(axes)), Data: make([]float32, 0, len(a.Data))}
	strides := make([]int, len(axes))
	for i, axis := range axes {
		t.Shape[i], strides[i] = a.Shape[axis], 1
		for _, d := range a.Shape[axis+1:] {
			strides[i] *= d
		}
	}
	var walk func(axis, at int)
	walk = func(axis, at int) {
		if axis == len(axes) {
			t.Data = append(t.Data, a.Data[at])
			return
		}
		for i := range t.Shape[axis] {
			walk(axis+1, at+i*strides[axis])
		}
	}
	walk(0, 0)
	return t
}

// ChannelsFirst returns a copy of the weights of the first fully connected layer, [row, column, channel; out], with its inputs
// by channel, row and column.
func (a *Array) ChannelsFirst(channels int) *Array {
	pixels := a.Shape[0] / channels
	split := &Array{Shape: []int{pixels, channels, a.Shape[1]}, Data: a.Data}
	t := split.Transposed(1, 0, 2)
	t.Shape = a.Shape
	return t
}
