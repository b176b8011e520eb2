// Package ops adds the operations of training and inference that graft lacks or
// gets wrong. Start with [NewVariable] and [Gradients].
//
// Every function adds nodes to a graft scope and reports errors through the scope's sticky error, so calls chain
// without checks. Images and feature maps are float32 in NHWC order, convolution filters in HWIO order. A variable is
// named once, in full ("conv1/weights"), and that name is the node, the resource and the checkpoint key.
package ops

import (
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Variable is a float32 resource variable of fixed shape.
type Variable struct {
	Name   string // node, shared resource and checkpoint key
	Shape  []int64
	Handle tf.Output
	Value  tf.Output // read once per run, so all its consumers see the same value
}

// NewVariable adds a variable under its full name to the root scope. A name already in use fails the scope.
func NewVariable(root *op.Scope, name string, shape ...int64) Variable {
	static := tf.MakeShape(shape...)
	handle := tfgraph.Node(root, tf.OpSpec{Type: "VarHandleOp", Name: name, Attrs: map[string]any{
		"dtype": tf.Float, "shape": static, "shared_name": name,
	}})
	value := tfgraph.Node(root, tf.OpSpec{Type: "ReadVariableOp", Name: name + "/read",
		Input: []tf.Input{handle}, Attrs: map[string]any{"dtype": tf.Float}})
	return Variable{Name: name, Shape: shape, Handle: handle, Value: value}
}

// Elements is the number of float32 values in the variable.
func (v Variable) Elements() int64 {
	n := int64(1)
	for _, d := range v.Shape {
		n *= d
	}
	return n
}

// Assign adds the node that sets v to value, whose shape must be known and equal
// v's: TensorFlow would silently let any other shape replace the variable's.
func Assign(s *op.Scope, v Variable, value tf.Output) *tf.Operation {
	if s.Err() != nil {
		return nil
	}
	got, err := value.Shape().ToSlice()
	if err != nil || !slices.Equal(got, v.Shape) {
		fail(s, v.Name, "assign variable %q: got shape %v, want %v", v.Name, value.Shape(), v.Shape)
		return nil
	}
	return op.AssignVariableOp(s, v.Handle, value)
}

// fail records an error on the scope unless it has one already.
func fail(s *op.Scope, function, format string, args ...any) {
	if s.Err() == nil {
		s.UpdateErr(function, fmt.Errorf(format, args...))
	}
}
