package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"
)

// ErrClosed reports the use of a Session or Tensor after its Close.
var ErrClosed = errors.New("already closed")

// Code is TensorFlow's canonical status code (tensorflow/c/tf_status.h).
type Code int

// The codes that callers tell apart.
const (
	InvalidArgument   Code = C.TF_INVALID_ARGUMENT
	DeadlineExceeded  Code = C.TF_DEADLINE_EXCEEDED
	NotFound          Code = C.TF_NOT_FOUND
	ResourceExhausted Code = C.TF_RESOURCE_EXHAUSTED
	OutOfRange        Code = C.TF_OUT_OF_RANGE
	DataLoss          Code = C.TF_DATA_LOSS
)

// Error is a failure that TensorFlow reported.
type Error struct {
	Op      string // what was tried: "run session", "import graph", …
	Code    Code
	Message string // TensorFlow's own words
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: tensorflow: %s (code %d)", e.Op, e.Message, int(e.Code))
}

// Refused is what TensorFlow says of data that an operation cannot take, in a
// line: of a damaged picture, say. Failures of another kind, which the best data
// may meet with, as for want of memory or of time, give "".
func Refused(err error) string {
	var failed *Error
	if !errors.As(err, &failed) || failed.Code != InvalidArgument && failed.Code != DataLoss {
		return ""
	}
	words, _, _ := strings.Cut(failed.Message, "\n")
	return words
}

// status owns one TF_Status for the length of a call.
type status struct{ c *C.TF_Status }

func newStatus() status { return status{C.TF_NewStatus()} }

func (s status) delete() { C.TF_DeleteStatus(s.c) }

func (s status) err(op string) error {
	code := C.TF_GetCode(s.c)
	if code == C.TF_OK {
		return nil
	}
	return &Error{Op: op, Code: Code(code), Message: C.GoString(C.TF_Message(s.c))}
}
