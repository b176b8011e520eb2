// Package ops adds what AlexNet needs and graft lacks or gets wrong. Start with
// [NewVariable] and [Gradients].
//
// Every function adds nodes to a graft scope and reports trouble through the
// scope's sticky error, so calls chain without checks. Pictures and feature
// maps are float32 in NHWC order, convolution filters in HWIO order. A variable
// is named once, in full ("conv1/weights"), and that one name is the node, the
// resource and the checkpoint key.
package ops

import (
	"fmt"

	"github.com/wamuir/graft/tensorflow/op"
)

// fail records err as the scope's error unless one stands there already.
func fail(s *op.Scope, what, format string, args ...any) {
	if s.Err() == nil {
		s.UpdateErr(what, fmt.Errorf(format, args...))
	}
}
