package ops_test

import (
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

func TestNewVariable(t *testing.T) {
	root := op.NewScope()
	v := newFedVariable(root, "conv1/weights", random(1, 2, 3))
	w := newFedVariable(root, "conv1/biases", random(2, 3))
	if v.Name != "conv1/weights" || v.Handle.Op.Name() != v.Name || v.Elements() != 6 {
		t.Errorf("got %q as node %q of %d values", v.Name, v.Handle.Op.Name(), v.Elements())
	}
	if shape, err := v.Value.Shape().ToSlice(); err != nil || !slices.Equal(shape, []int64{2, 3}) {
		t.Errorf("value: got shape %v, %v, want [2 3]", shape, err)
	}
	if shared, err := v.Handle.Op.Attr("shared_name"); err != nil || shared != v.Name {
		t.Errorf("got shared name %v, %v, want %q", shared, err, v.Name)
	}
	got := run[float32](t, openWith(t, root, v, w), nil, []tf.Output{v.Value, w.Value})
	near(t, v.Name, got[0], v.start.values, 0)
	near(t, w.Name, got[1], w.start.values, 0)
}

func TestScalarVariable(t *testing.T) {
	root := op.NewScope()
	v := newFedVariable(root, "v", array{nil, []float64{3}})
	if v.Elements() != 1 {
		t.Errorf("got %d elements, want 1", v.Elements())
	}
	near(t, "v", run[float32](t, openWith(t, root, v), nil, []tf.Output{v.Value})[0], []float64{3}, 0)
}

func TestNewVariableRejectsNamesInUse(t *testing.T) {
	for name, take := range map[string]func(root *op.Scope){
		"a variable":      func(root *op.Scope) { ops.NewVariable(root, "fc8/biases", 3) },
		"another node":    func(root *op.Scope) { tfgraph.Const(root, "fc8/biases", float32(0)) },
		"its read's name": func(root *op.Scope) { tfgraph.Const(root, "fc8/biases/read", float32(0)) },
	} {
		root := op.NewScope()
		take(root)
		ops.NewVariable(root, "fc8/biases", 3)
		if root.Err() == nil || !strings.Contains(root.Err().Error(), "fc8/biases") {
			t.Errorf("%s: got %v, want an error that names fc8/biases", name, root.Err())
		}
	}
}

func TestAssignRejects(t *testing.T) {
	for name, shape := range map[string]tf.Shape{
		"unknown rank":      {},
		"unknown dimension": tf.MakeShape(-1, 3),
		"transposed":        tf.MakeShape(3, 2),
		"flat":              tf.MakeShape(6),
		"scalar":            tf.ScalarShape(),
	} {
		root := op.NewScope()
		v := ops.NewVariable(root, "fc8/weights", 2, 3)
		assign := ops.Assign(root, v, tfgraph.Placeholder(root, "value", tf.Float, shape))
		if assign != nil || root.Err() == nil || !strings.Contains(root.Err().Error(), `assign variable "fc8/weights"`) {
			t.Errorf("%s: got %v, want an assignment error", name, root.Err())
		}
	}
}

func TestAssignRejectsOtherType(t *testing.T) {
	root := op.NewScope()
	v := ops.NewVariable(root, "v", 2)
	ops.Assign(root, v, tfgraph.Const(root, "value", []int32{1, 2}))
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return
	}
	session.Close()
	t.Error("assigned int32 to a float32 variable: neither the scope nor the import noticed")
}
