package torchfile

import (
	"cmp"
	"io"
	"slices"

	"alexnet/internal/tensorfile"
)

// setOpen sets how the tensor's data is read: as a permutation of the axes if its elements lie next to each other, which is so
// for all but slices of other tensors.
func (t *tensor) setOpen() {
	shape, width := t.data.Shape, t.data.Type.Width()
	order := make([]int, len(shape))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.strides[b], t.strides[a]) })
	step, dense := 1, true
	for _, axis := range slices.Backward(order) {
		dense = dense && (shape[axis] == 1 || t.strides[axis] == step)
		step *= shape[axis]
	}
	if dense {
		if !slices.IsSorted(order) {
			t.data.Order = order
		}
		t.data.Open = func() (io.ReadCloser, error) {
			return t.section(t.offset*int64(width), int64(step*width))
		}
		return
	}
	t.data.Values = t.gather
}

// gather reads the part of the storage that the tensor spans and picks its elements.
func (t *tensor) gather() ([]float32, error) {
	shape := t.data.Shape
	span := 1
	for axis, dim := range shape {
		span += t.strides[axis] * (dim - 1)
	}
	width := int64(t.data.Type.Width())
	whole := tensorfile.Data{Shape: []int{span}, Type: t.data.Type, At: t.data.At, Open: func() (io.ReadCloser, error) {
		return t.section(t.offset*width, int64(span)*width)
	}}
	values, err := whole.Read(nil)
	if err != nil {
		return nil, err
	}
	out, index, from := make([]float32, tensorfile.Elements(shape)), make([]int, len(shape)), 0
	for i := range out {
		out[i] = values[from]
		for axis := len(shape) - 1; axis >= 0; axis-- {
			from += t.strides[axis]
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			from -= t.strides[axis] * shape[axis]
			index[axis] = 0
		}
	}
	return out, nil
}

// section reads n bytes of the storage from off on. In an archive, reading all of it verifies its checksum.
func (t *tensor) section(off, n int64) (io.ReadCloser, error) {
	r, err := t.storage.open()
	if err != nil || off == 0 && n == t.storage.size {
		return r, err
	}
	if _, err := io.CopyN(io.Discard, r, off); err != nil {
		r.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, n), r}, nil
}
