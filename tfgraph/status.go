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

// The status codes that are distinguished (tensorflow/c/tf_status.h).
const (
	ResourceExhausted int = C.TF_RESOURCE_EXHAUSTED

	invalidArgument  int = C.TF_INVALID_ARGUMENT
	deadlineExceeded int = C.TF_DEADLINE_EXCEEDED
	dataLoss         int = C.TF_DATA_LOSS
	notFound         int = C.TF_NOT_FOUND
)

// Error is a failure that TensorFlow reported.
type Error struct {
	Op      string // the operation that failed: "run session", "import graph", …
	Code    int    // TensorFlow's canonical status code
	Message string // from TensorFlow
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: tensorflow: %s (code %d)", e.Op, e.Message, e.Code)
}

// BadInput returns the first line of TensorFlow's message if err says that an
// operation rejected its input data, such as a damaged image. For failures that
// valid input can cause too, such as out of memory or a timeout, it returns "".
func BadInput(err error) string {
	var failed *Error
	if !errors.As(err, &failed) || failed.Code != invalidArgument && failed.Code != dataLoss {
		return ""
	}
	line, _, _ := strings.Cut(failed.Message, "\n")
	return line
}

// status owns one TF_Status for the duration of a call.
type status struct{ c *C.TF_Status }

func newStatus() status { return status{C.TF_NewStatus()} }

func (s status) delete() { C.TF_DeleteStatus(s.c) }

func (s status) err(op string) error {
	code := C.TF_GetCode(s.c)
	if code == C.TF_OK {
		return nil
	}
	return &Error{Op: op, Code: int(code), Message: C.GoString(C.TF_Message(s.c))}
}
