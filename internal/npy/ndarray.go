package npy

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// ndarray is an array whose location in the file is known and whose data has not been
// read. objects holds the elements of an object array instead.
type ndarray struct {
	at      int64 // offset for error messages
	path    string
	dtype   dtype
	stored  []int // dimensions in storage order
	axes    []int // axis i of the array is axis axes[i] of stored; nil when they agree
	count   int
	size    int64 // bytes of data in the file
	objects []any
	open    func() (io.ReadCloser, error)
}

// maxDims is more than weights have. With NumPy's own limit of 64, each repetition of a
// five-byte call would take 1.8 KB.
const maxDims = 16

// countElements multiplies a shape out. It refuses an array of more than limit elements, so that no product overflows
// and nothing is allocated beyond the file's content.
func countElements(shape []int, limit int64, at int64) (int, error) {
	if len(shape) > maxDims {
		return 0, malformed(at, fmt.Sprintf("at most %d dimensions", maxDims), "%d", len(shape))
	}
	count := int64(1)
	for _, dim := range shape {
		if dim <= 0 {
			return 0, malformed(at, "positive dimensions", "shape %v", shape)
		}
		if count > limit/int64(dim) {
			return 0, malformed(at, fmt.Sprintf("at most the %d elements that the file can hold", limit), "shape %v", shape)
		}
		count *= int64(dim)
	}
	if count > limit {
		return 0, malformed(at, fmt.Sprintf("at most the %d elements that the file can hold", limit), "shape %v", shape)
	}
	return int(count), nil
}

// layOut sets the shape of an array stored in C order, or in Fortran order, where the
// first axis runs fastest: the same bytes as the reversed shape in C order.
func (a *ndarray) layOut(shape []int, fortran bool) {
	a.stored = slices.Clone(shape)
	if !fortran || len(shape) < 2 {
		return
	}
	slices.Reverse(a.stored)
	a.axes = make([]int, len(shape))
	for i := range a.axes {
		a.axes[i] = len(shape) - 1 - i
	}
}

func (a *ndarray) shape() []int {
	shape := slices.Clone(a.stored)
	for i, axis := range a.axes {
		shape[i] = a.stored[axis]
	}
	return shape
}

// load reads the data and checks that nothing follows it, which in an archive also verifies the member's checksum.
func (a *ndarray) load() (*Array, error) {
	r, err := a.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data := make([]float32, a.count)
	if err := a.dtype.decode(r, data); err != nil {
		return nil, a.unreadable(err)
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || err != io.EOF {
		if n == 0 {
			return nil, a.unreadable(err)
		}
		return nil, malformed(a.at, fmt.Sprintf("%d elements of %s", a.count, a.dtype), "more data")
	}
	return &Array{Shape: a.shape(), Dtype: a.dtype.String(), Data: a.inOrder(data)}, nil
}

// unreadable turns an error caused by the data itself into a formatError.
func (a *ndarray) unreadable(err error) error {
	var overflow errOverflow
	switch {
	case errors.As(err, &overflow):
		return malformed(a.at, "values that float32 can hold", "%s", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return malformed(a.at, fmt.Sprintf("%d elements of %s", a.count, a.dtype), "less data")
	}
	if isDamage(err) {
		return malformed(a.at, "undamaged data", "%s", err)
	}
	return fmt.Errorf("read %d elements at byte %d: %w", a.count, a.at, err)
}

// inOrder transposes data from storage order to C order of the array's own axes.
func (a *ndarray) inOrder(data []float32) []float32 {
	if a.axes == nil || slices.IsSorted(a.axes) {
		return data
	}
	strides := make([]int, len(a.stored))
	step := 1
	for i := len(a.stored) - 1; i >= 0; i-- {
		strides[i], step = step, step*a.stored[i]
	}
	shape, index := a.shape(), make([]int, len(a.stored))
	out := make([]float32, len(data))
	from := 0
	for i := range out {
		out[i] = data[from]
		for axis := len(shape) - 1; axis >= 0; axis-- {
			from += strides[a.axes[axis]]
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			from -= strides[a.axes[axis]] * shape[axis]
			index[axis] = 0
		}
	}
	return out
}
