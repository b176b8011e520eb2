package tfgraph

import (
	"bytes"
	"fmt"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
)

// GraphDef finishes the scope and returns its graph as a serialized GraphDef. The first error of any builder call on
// the scope or its sub-scopes is returned instead.
func GraphDef(s *op.Scope) ([]byte, error) {
	g, err := s.Finalize()
	if err != nil {
		// graft appends a stack trace to the first error's message.
		message, _, _ := strings.Cut(err.Error(), " (Stacktrace: ")
		return nil, fmt.Errorf("build graph: %s", message)
	}
	var buf bytes.Buffer
	if _, err := g.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("write graph: %w", err)
	}
	return buf.Bytes(), nil
}

// Const adds a constant with exactly this name, so that one scope can hold
// several. value is an argument for tf.NewTensor, or a graft tensor.
func Const(s *op.Scope, name string, value any) tf.Output {
	if s.Err() != nil {
		return tf.Output{}
	}
	t, ok := value.(*tf.Tensor)
	if !ok {
		var err error
		if t, err = tf.NewTensor(value); err != nil {
			s.UpdateErr(name, err)
			return tf.Output{}
		}
	}
	return Node(s, tf.OpSpec{Type: "Const", Name: name, Attrs: map[string]any{"dtype": t.DataType(), "value": t}})
}

// Placeholder adds a placeholder with exactly this name.
func Placeholder(s *op.Scope, name string, dtype tf.DataType, shape tf.Shape) tf.Output {
	return Node(s, tf.OpSpec{Type: "Placeholder", Name: name, Attrs: map[string]any{"dtype": dtype, "shape": shape}})
}

// PlaceholderWithDefault adds a placeholder that has the constant value unless it is fed.
func PlaceholderWithDefault(s *op.Scope, name string, value any, shape tf.Shape) tf.Output {
	input := Const(s, name+"/default", value)
	if s.Err() != nil {
		return tf.Output{}
	}
	return Node(s, tf.OpSpec{Type: "PlaceholderWithDefault", Name: name, Input: []tf.Input{input},
		Attrs: map[string]any{"shape": shape}})
}

// Node adds one operation and returns its first output. A duplicate name sets the scope's error.
func Node(s *op.Scope, spec tf.OpSpec) tf.Output {
	o := s.AddOperation(spec)
	if o == nil || o.NumOutputs() == 0 {
		return tf.Output{Op: o}
	}
	return o.Output(0)
}
