// Package tensorfile is what the readers of weights files share: a [File] of named tensors whose data is still in the file,
// a [Cursor] that checks every claimed length, and the [Error] that says where a file is malformed.
//
// Readers return tensors as the file has them and know nothing of layers. Nothing of a claimed size is allocated before it
// is compared with the bytes that are there.
package tensorfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// File is what a reader found in a file.
type File struct {
	Format  string    // such as "npz", for logs
	Tensors []*Tensor // in the order of the file
	// OutFirst says that the format has convolutions as [out, in, rows, columns] and fully connected layers as [out, in].
	OutFirst bool
	// Channels is the order in which the first convolution reads them, "RGB" or "BGR", if the file says so.
	Channels string

	other   []string // names of the first entries that are no float tensors
	skipped int      // how many there are
}

// maxOther is how many entries that are no float tensors are named.
const maxOther = 256

// Skip counts an entry that is no float tensor and lists it if it is among the first.
func (f *File) Skip(name string) {
	if f.skipped++; f.skipped <= maxOther {
		f.other = append(f.other, name)
	}
}

// Listing reports whether Skip would list the next name.
func (f *File) Listing() bool { return f.skipped < maxOther }

// Skipped lists the names that Skip was called with, and how many more there are.
func (f *File) Skipped() []string {
	if more := f.skipped - len(f.other); more > 0 {
		return append(slices.Clone(f.other), fmt.Sprintf("%d more", more))
	}
	return f.other
}

// Tensor is a tensor that has not been read. Two names for one tensor share its data: compare the pointer to the Data.
type Tensor struct {
	Name string
	*Data
}

// Data is a tensor without its name.
type Data struct {
	Shape []int // of 1 to 16 positive dimensions, or none for a scalar
	// Order lists the axes as they are stored, the one that runs fastest last; nil is row-major order.
	Order []int
	Type  Type
	Path  string // of the data, if it is not in the file that is read
	At    int64  // offset of the data, for errors
	// Open returns the elements in storage order, and nothing after them.
	Open func() (io.ReadCloser, error)
	// Values, in place of Open, returns all elements in row-major order.
	Values func() ([]float32, error)
}

// Array is a tensor to write, row-major.
type Array struct {
	Name  string
	Shape []int
	Data  []float32
}

// maxDims is more than weights have. With NumPy's own limit of 64, each repetition of a
// five-byte call would take 1.8 KB.
const maxDims = 16

// Count multiplies a shape out. It refuses an array of more than limit elements, so that no product overflows and nothing
// is allocated beyond the file's content.
func Count(shape []int, limit int64, at int64) (int, error) {
	if len(shape) > maxDims {
		return 0, Malformed(at, fmt.Sprintf("at most %d dimensions", maxDims), "%d", len(shape))
	}
	count := int64(1)
	for _, dim := range shape {
		if dim <= 0 {
			return 0, Malformed(at, "positive dimensions", "shape %v", shape)
		}
		if count > limit/int64(dim) {
			return 0, Malformed(at, fmt.Sprintf("at most the %d elements that the file can hold", limit), "shape %v", shape)
		}
		count *= int64(dim)
	}
	if count > limit {
		return 0, Malformed(at, fmt.Sprintf("at most the %d elements that the file can hold", limit), "shape %v", shape)
	}
	return int(count), nil
}

// Elements is the number of elements of a shape that Count accepted.
func Elements(shape []int) int {
	n := 1
	for _, dim := range shape {
		n *= dim
	}
	return n
}

// Split returns the data with one axis as several, whose product it is.
func (d *Data) Split(axis int, dims ...int) *Data {
	split := *d
	split.Shape = slices.Replace(slices.Clone(d.Shape), axis, axis+1, dims...)
	split.Order = nil
	for _, a := range d.Order {
		switch {
		case a < axis:
			split.Order = append(split.Order, a)
		case a > axis:
			split.Order = append(split.Order, a+len(dims)-1)
		default:
			for i := range dims {
				split.Order = append(split.Order, axis+i)
			}
		}
	}
	return &split
}

// Read reads the data and returns it with the axes in the given order, row-major; nil keeps their order. It checks that
// nothing follows the data, which in an archive also verifies the member's checksum.
func (d *Data) Read(axes []int) ([]float32, error) {
	shape, order := d.Shape, d.Order
	if axes == nil {
		axes = identity(len(shape))
	}
	if order == nil {
		order = identity(len(shape))
	}
	strides := make([]int, len(shape)) // of each axis in the result
	step := 1
	for _, axis := range slices.Backward(axes) {
		strides[axis], step = step, step*shape[axis]
	}
	if d.Values != nil && slices.IsSorted(axes) {
		return d.Values()
	}
	r, err := d.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out, s := make([]float32, step), scatterer{t: d.Type, r: r}
	if d.Values != nil {
		s.t = Type{Float32, !littleEndian}
	}
	for _, axis := range order {
		s.shape, s.strides = append(s.shape, shape[axis]), append(s.strides, strides[axis])
	}
	if err := s.scatter(out, 0); err != nil {
		return nil, d.unreadable(err)
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || err != io.EOF {
		if n == 0 {
			return nil, d.unreadable(err)
		}
		return nil, Malformed(d.At, d.describe(), "more data")
	}
	return out, nil
}

// open returns the data, from memory if it is there.
func (d *Data) open() (io.ReadCloser, error) {
	if d.Values == nil {
		return d.Open()
	}
	values, err := d.Values()
	return io.NopCloser(bytes.NewReader(rawBytes(values))), err
}

func (d *Data) describe() string {
	return fmt.Sprintf("%d elements of %s", Elements(d.Shape), d.Type)
}

// unreadable turns an error caused by the data itself into an [*Error].
func (d *Data) unreadable(err error) error {
	var overflow overflowError
	switch {
	case errors.As(err, &overflow):
		return Malformed(d.At, "values that float32 can hold", "%s", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Malformed(d.At, d.describe(), "less data")
	case isDamage(err):
		return Malformed(d.At, "undamaged data", "%s", err)
	}
	return fmt.Errorf("read %s at byte %d: %w", d.describe(), d.At, err)
}

func identity(n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	return axes
}
