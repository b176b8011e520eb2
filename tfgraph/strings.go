package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
// #include "tensorflow/c/tf_tstring.h"
//
// // TF_DeleteTensor does not free strings that are too long for their inline
// // cells. A run may still hold the memory when the tensor is closed, so the
// // last owner frees them through this deallocator.
// static void freeStrings(void *data, size_t bytes, void *unused) {
//   TF_TString *cells = data;
//   for (size_t i = 0; i < bytes / sizeof *cells; i++) TF_StringDealloc(&cells[i]);
//   free(data);
// }
//
// static TF_TString *allocateStrings(size_t count) {
//   size_t bytes = count * sizeof(TF_TString);
//   void *cells = 0;
//   return posix_memalign(&cells, 64, bytes ? bytes : 64) ? 0 : cells;
// }
//
// static TF_Tensor *newStrings(const int64_t *dims, int rank, TF_TString *cells, size_t count) {
//   return TF_NewTensor(TF_STRING, dims, rank, cells, count * sizeof *cells, freeStrings, 0);
// }
import "C"

import (
	"slices"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
)

// Strings copies values into a string tensor of the given shape; no shape means a
// scalar.
func Strings[S ~string | ~[]byte](values []S, shape ...int64) (*Tensor, error) {
	if err := checkCount(len(values), shape); err != nil {
		return nil, err
	}
	count := int64(len(values))
	start := C.allocateStrings(C.size_t(count))
	if start == nil {
		return nil, errOutOfMemory(count*C.sizeof_TF_TString, shape)
	}
	for i, cells := 0, unsafe.Slice(start, count); i < len(cells); i++ {
		v := []byte(values[i])
		C.TF_StringInit(&cells[i])
		C.TF_StringCopy(&cells[i], (*C.char)(unsafe.Pointer(unsafe.SliceData(v))), C.size_t(len(v)))
	}
	c := C.newStrings(dims(shape), C.int(len(shape)), start, C.size_t(count))
	if c == nil {
		return nil, errOutOfMemory(count*C.sizeof_TF_TString, shape)
	}
	return &Tensor{c: c, dtype: tf.String, shape: slices.Clone(shape)}, nil
}

// StringData copies the strings out of a string tensor. It is nil for a closed
// tensor and for one of another type.
func StringData(t *Tensor) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.c == nil || t.dtype != tf.String {
		return nil
	}
	cells := t.tstrings()
	values := make([]string, len(cells))
	for i := range cells {
		data := C.TF_StringGetDataPointer(&cells[i])
		values[i] = string(unsafe.Slice((*byte)(unsafe.Pointer(data)), C.TF_StringGetSize(&cells[i])))
	}
	return values
}

func (t *Tensor) tstrings() []C.TF_TString {
	count, _ := elements(t.shape)
	return unsafe.Slice((*C.TF_TString)(C.TF_TensorData(t.c)), count)
}
