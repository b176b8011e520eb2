package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
)

// number lists the element types with the same memory layout in Go and TensorFlow.
type number interface {
	~bool | ~uint8 | ~int32 | ~int64 | ~float32 | ~float64
}

// Tensor is a dense array in TensorFlow's memory, row-major. The zero value is
// not usable; Close releases the memory and may be called again.
type Tensor struct {
	mu    sync.RWMutex // held for reading while a run uses c
	c     *C.TF_Tensor
	dtype tf.DataType
	shape []int64
}

// Allocate makes an uninitialized numeric tensor; fill it through Data. Do not
// overwrite it while a run reads it or after it was assigned to a variable,
// which may share its memory.
func Allocate(dtype tf.DataType, shape ...int64) (*Tensor, error) {
	size := C.TF_DataTypeSize(C.TF_DataType(dtype))
	if size == 0 {
		return nil, fmt.Errorf("allocate tensor: got dtype %d, want a fixed-size dtype", dtype)
	}
	count, err := elements(shape)
	if err != nil {
		return nil, err
	}
	bytes := C.size_t(count) * size
	c := C.TF_AllocateTensor(C.TF_DataType(dtype), dims(shape), C.int(len(shape)), bytes)
	if c == nil || (bytes > 0 && C.TF_TensorData(c) == nil) {
		return nil, errOutOfMemory(int64(bytes), shape)
	}
	return &Tensor{c: c, dtype: dtype, shape: slices.Clone(shape)}, nil
}

func errOutOfMemory(bytes int64, shape []int64) error {
	return &Error{Op: "allocate tensor", Code: ResourceExhausted,
		Message: fmt.Sprintf("out of memory: cannot allocate %d bytes for shape %v", bytes, shape)}
}

func dims(shape []int64) *C.int64_t {
	return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape)))
}

// elements returns the number of elements. It rejects shapes for which
// TensorFlow would abort the process, such as a product that overflows even
// though one of its factors is zero.
func elements(shape []int64) (int64, error) {
	const maxRank, maxElements = 254, 1 << 46
	if len(shape) > maxRank {
		return 0, fmt.Errorf("allocate tensor: got %d dimensions, want at most %d", len(shape), maxRank)
	}
	count := int64(1)
	for _, d := range shape {
		if d < 0 || count > maxElements/max(d, 1) {
			return 0, fmt.Errorf("allocate tensor: got shape %v, want non-negative sizes below 2^46 elements", shape)
		}
		count *= max(d, 1)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	return count, nil
}

// Of copies values into a new tensor of the given shape; no shape means a
// scalar.
func Of[T number](values []T, shape ...int64) (*Tensor, error) {
	if err := checkCount(len(values), shape); err != nil {
		return nil, err
	}
	t, err := Allocate(dtypeOf[T](), shape...)
	if err != nil {
		return nil, err
	}
	copy(Data[T](t), values)
	return t, nil
}

// checkCount compares the number of values with the shape's.
func checkCount(values int, shape []int64) error {
	count, err := elements(shape)
	if err == nil && int64(values) != count {
		err = fmt.Errorf("make tensor: got %d values, want %d for shape %v", values, count, shape)
	}
	return err
}

// Scalar makes a tensor of rank 0.
func Scalar[T number](value T) (*Tensor, error) { return Of([]T{value}) }

func dtypeOf[T number]() tf.DataType {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Bool:
		return tf.Bool
	case reflect.Uint8:
		return tf.Uint8
	case reflect.Int32:
		return tf.Int32
	case reflect.Int64:
		return tf.Int64
	case reflect.Float32:
		return tf.Float
	default:
		return tf.Double
	}
}

// Data returns the tensor's memory as a slice, not a copy, valid until Close. It
// is nil for a closed tensor and for one of another type than T. Treat the data
// of a fetched tensor as read-only: it may be the memory of a constant or a
// variable.
func Data[T number](t *Tensor) []T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.c == nil || t.dtype != dtypeOf[T]() {
		return nil
	}
	count, _ := elements(t.shape)
	return unsafe.Slice((*T)(C.TF_TensorData(t.c)), count)
}

// Row returns the i-th entry along the first dimension of a float32 tensor, not
// a copy. It is nil for a scalar and where Data is nil or empty.
func (t *Tensor) Row(i int) []float32 {
	data := Data[float32](t)
	if len(data) == 0 || len(t.shape) == 0 {
		return nil
	}
	n := len(data) / int(t.shape[0])
	return data[i*n : (i+1)*n : (i+1)*n]
}

// Shape returns the size of each dimension, empty for a scalar. The caller must
// not modify it.
func (t *Tensor) Shape() []int64 { return t.shape }

// Close releases the memory. It waits for runs that use the tensor.
func (t *Tensor) Close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.c == nil {
		return
	}
	C.TF_DeleteTensor(t.c)
	t.c = nil
}

// CloseAll closes each of ts.
func CloseAll(ts []*Tensor) {
	for _, t := range ts {
		t.Close()
	}
}

// adopt wraps a tensor that TensorFlow allocated and takes ownership of it.
func adopt(c *C.TF_Tensor) *Tensor {
	shape := make([]int64, int(C.TF_NumDims(c)))
	for i := range shape {
		shape[i] = int64(C.TF_Dim(c, C.int(i)))
	}
	return &Tensor{c: c, dtype: tf.DataType(C.TF_TensorType(c)), shape: shape}
}
