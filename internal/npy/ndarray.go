package npy

import (
	"fmt"
	"slices"

	"alexnet/internal/tensorfile"
)

// ndarray is an array of a pickle: its data, or the elements of an object array.
type ndarray struct {
	*tensorfile.Data
	objects []any
}

func (a *ndarray) String() string {
	if a.Data == nil { // until BUILD
		return "an array without data"
	}
	return fmt.Sprintf("an array of shape %v", a.Shape)
}

// fortranOrder is the order of axes in which the first one runs fastest.
func fortranOrder(dims int) []int {
	order := make([]int, dims)
	for i := range order {
		order[i] = dims - 1 - i
	}
	return order
}

// plainArray makes the array of a header that size bytes of data follow.
func plainArray(h header, start, size int64) (*tensorfile.Data, error) {
	if h.dtype.object {
		return nil, tensorfile.Malformed(0, "a plain array", "pickled objects")
	}
	width := int64(h.dtype.Width())
	count, err := tensorfile.Count(h.shape, size/width, start)
	if err != nil {
		return nil, err
	}
	if int64(count)*width != size {
		return nil, tensorfile.Malformed(start, fmt.Sprintf("%d bytes of data for shape %v", int64(count)*width, h.shape), "%d", size)
	}
	d := &tensorfile.Data{Shape: slices.Clone(h.shape), Type: h.dtype.Type, At: start}
	if h.fortran {
		d.Order = fortranOrder(len(h.shape))
	}
	return d, nil
}
