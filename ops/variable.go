package ops

import (
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
	Value  tf.Output // what a run reads; one read a run, so all users see the same
}

// NewVariable adds the variable name, given in full, to the root scope. A name
// that is taken fails the scope.
func NewVariable(root *op.Scope, name string, shape ...int64) Variable {
	static := tf.MakeShape(shape...)
	handle := tfgraph.Node(root, tf.OpSpec{Type: "VarHandleOp", Name: name, Attrs: map[string]any{
		"dtype": tf.Float, "shape": static, "shared_name": name,
	}})
	if root.Err() != nil {
		return Variable{Name: name, Shape: shape}
	}
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

// Assign adds the node that gives v a value. The value's shape must be known
// while building and be v's: TensorFlow would let any other silently replace
// the variable's own.
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
