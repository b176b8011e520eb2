// Package onnx builds and reads ONNX models: graphs of named values, in the messages of onnx.proto. Start with [NewBuilder]
// and [Read]. onnx.pb.go is generated from onnx.proto by scripts/protoc.
package onnx

import (
	"encoding/binary"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
)

// Opset is the version of the operators that a Builder uses, and irVersion that of the messages, which came with it
// (docs/Versioning.md of ONNX).
const (
	Opset     = 17
	irVersion = 8
)

// Types of elements (TensorProto.DataType).
const (
	Float = 1
	Uint8 = 2
	Int64 = 7
)

// Builder adds nodes to a graph. Values are known by their names, which [Builder.Node] makes.
type Builder struct {
	model *Model
	names map[string]int // how many values begin with the name
}

// NewBuilder returns a builder of an empty graph.
func NewBuilder(graph, producer, version string) *Builder {
	return &Builder{names: map[string]int{}, model: &Model{
		IrVersion: proto.Int64(irVersion), Producer: &producer, ProducerVersion: &version,
		OperatorSets: []*OperatorSet{{Domain: proto.String(""), Version: proto.Int64(Opset)}},
		Graph:        &Graph{Name: &graph},
	}}
}

// Metadata adds an entry of text about the model.
func (b *Builder) Metadata(key, value string) {
	b.model.Metadata = append(b.model.Metadata, &Entry{Key: &key, Value: &value})
}

// Input declares an input. Dimensions are numbers, or names of those that may be any.
func (b *Builder) Input(name string, element int32, dims ...any) {
	b.model.Graph.Inputs = append(b.model.Graph.Inputs, value(name, element, dims))
}

// Output declares the value as an output.
func (b *Builder) Output(name string, element int32, dims ...any) {
	b.model.Graph.Outputs = append(b.model.Graph.Outputs, value(name, element, dims))
}

func value(name string, element int32, dims []any) *Value {
	shape := new(Shape)
	for _, d := range dims {
		switch d := d.(type) {
		case int:
			shape.Dims = append(shape.Dims, &Dimension{Size: proto.Int64(int64(d))})
		case string:
			shape.Dims = append(shape.Dims, &Dimension{Name: &d})
		}
	}
	return &Value{Name: &name, Type: &ValueType{Tensor: &TensorType{Element: &element, Shape: shape}}}
}

// unique makes a name that begins with the given one.
func (b *Builder) unique(name string) string {
	b.names[name]++
	if n := b.names[name]; n > 1 {
		return fmt.Sprintf("%s_%d", name, n)
	}
	return name
}

// Node adds an operation with one output, which has the node's name, and returns that.
func (b *Builder) Node(name, op string, inputs []string, attributes ...*Attribute) string {
	name = b.unique(name)
	b.model.Graph.Nodes = append(b.model.Graph.Nodes, &Node{Name: &name, Op: &op, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

// Floats adds a constant. Without dims it is a scalar.
func (b *Builder) Floats(name string, values []float32, dims ...int64) string {
	raw, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic(err) // float32s have a size
	}
	return b.constant(name, Float, raw, dims)
}

// Ints adds a constant vector.
func (b *Builder) Ints(name string, values ...int64) string {
	raw, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic(err) // int64s have a size
	}
	return b.constant(name, Int64, raw, []int64{int64(len(values))})
}

func (b *Builder) constant(name string, element int32, raw []byte, dims []int64) string {
	name = b.unique(name)
	b.model.Graph.Constants = append(b.model.Graph.Constants, &Tensor{Name: &name, DataType: &element, Dims: dims, Raw: raw})
	return name
}

// Encode returns the model as a file.
func (b *Builder) Encode() ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(b.model)
}

// Int is an attribute.
func Int(name string, v int64) *Attribute {
	return &Attribute{Name: &name, Type: Attribute_INT.Enum(), I: &v}
}

// Ints is an attribute.
func Ints(name string, v ...int64) *Attribute {
	return &Attribute{Name: &name, Type: Attribute_INTS.Enum(), Ints: v}
}

// Real is an attribute.
func Real(name string, v float32) *Attribute {
	return &Attribute{Name: &name, Type: Attribute_FLOAT.Enum(), F: &v}
}

// Text is an attribute.
func Text(name, v string) *Attribute {
	return &Attribute{Name: &name, Type: Attribute_STRING.Enum(), S: []byte(v)}
}

// Read reads the model in the file at path.
func Read(path string) (*Model, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := new(Model)
	if err := proto.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("read ONNX model %q: %w", path, err)
	}
	return m, nil
}

// Attribute returns the node's attribute of that name, or nil.
func (n *Node) Attribute(name string) *Attribute {
	for _, a := range n.Attributes {
		if a.GetName() == name {
			return a
		}
	}
	return nil
}

// FloatValues are the elements of a tensor of the type Float.
func (t *Tensor) FloatValues() ([]float32, error) {
	values := make([]float32, len(t.Raw)/4)
	_, err := binary.Decode(t.Raw, binary.LittleEndian, values)
	return values, err
}

// IntValues are the elements of a tensor of the type Int64.
func (t *Tensor) IntValues() ([]int64, error) {
	values := make([]int64, len(t.Raw)/8)
	_, err := binary.Decode(t.Raw, binary.LittleEndian, values)
	return values, err
}
