package tfgraph

// #include "tensorflow/c/c_api.h"
//
// static void keep(void *data, size_t bytes, void *arg) {}
//
// static TF_Tensor *borrow(TF_DataType dtype, const int64_t *dims, int rank, void *data, size_t bytes) {
//   return TF_NewTensor(dtype, dims, rank, data, bytes, keep, NULL);
// }
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// Borrow makes a tensor of the memory that values lie in, such as a mapped file,
// without a copy if that begins at a multiple of 64 bytes; elsewhere TensorFlow
// makes one. TensorFlow never writes to it. The memory has to stay as it is
// until the tensor is closed, and so is every session that was given it.
func Borrow[T Number](values []T, shape ...int64) (*Tensor, error) {
	count, err := elements(shape)
	if err != nil {
		return nil, err
	}
	if int64(len(values)) != count {
		return nil, fmt.Errorf("borrow tensor: got %d values, want %d for shape %v", len(values), count, shape)
	}
	t := &Tensor{dtype: dtypeOf[T](), shape: slices.Clone(shape)}
	data, bytes := unsafe.SliceData(values), C.size_t(count)*C.size_t(unsafe.Sizeof(*new(T)))
	if data != nil {
		t.pinned.Pin(data) // memory of Go's own; any other needs none
	}
	if t.c = C.borrow(C.TF_DataType(t.dtype), dims(shape), C.int(len(shape)), unsafe.Pointer(data), bytes); t.c == nil {
		t.pinned.Unpin()
		return nil, noMemory(int64(bytes), shape)
	}
	return t, nil
}
