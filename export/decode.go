package export

import (
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"

	"alexnet/tfgraph"
)

const decodePicture = "decode_picture"

// decode puts in the placeholder's place what decodes a vector of pictures: a function
// of one picture, mapped over the vector on all cores. graft can make neither.
func (g *serving) decode(placeholder, images, orientations tf.Output) error {
	s := op.NewScope()
	one := g.Preprocessing.BuildStandaloneDecoding(s)
	text, err := tfgraph.GraphDef(s)
	if err != nil {
		return err
	}
	text, err = tfgraph.Function(text, decodePicture, []tf.Output{one.Contents, one.Orientation}, []tf.Output{one.Image})
	if err != nil {
		return err
	}
	f := new(function_go_proto.FunctionDef)
	if err := proto.Unmarshal(text, f); err != nil {
		return fmt.Errorf("make function: %w", err)
	}
	name := placeholder.Op.Name()
	i := slices.IndexFunc(g.def.Node, func(n *node_def_go_proto.NodeDef) bool { return n.Name == name })
	g.def.Node[i] = g.mapDefun(name, tensorName(images), tensorName(orientations))
	g.def.Library = &function_go_proto.FunctionDefLibrary{Function: []*function_go_proto.FunctionDef{f}}
	return nil
}

// mapDefun is the node that calls decodePicture for each row of its inputs
// (tensorflow/core/ops/functional_ops.cc, MapDefun).
func (g *serving) mapDefun(name string, inputs ...string) *node_def_go_proto.NodeDef {
	type attr = attr_value_go_proto.AttrValue
	list := func(l *attr_value_go_proto.AttrValue_ListValue) *attr {
		return &attr{Value: &attr_value_go_proto.AttrValue_List{List: l}}
	}
	types := func(t ...types_go_proto.DataType) *attr {
		return list(&attr_value_go_proto.AttrValue_ListValue{Type: t})
	}
	shape := shapeProto([]int64{g.side(), g.side(), 3})
	return &node_def_go_proto.NodeDef{Name: name, Op: "MapDefun", Input: inputs, Attr: map[string]*attr{
		"Targuments":    types(types_go_proto.DataType_DT_STRING, types_go_proto.DataType_DT_INT32),
		"Tcaptured":     types(),
		"output_types":  types(types_go_proto.DataType_DT_FLOAT),
		"output_shapes": list(&attr_value_go_proto.AttrValue_ListValue{Shape: []*tensor_shape_go_proto.TensorShapeProto{shape}}),
		"f": {Value: &attr_value_go_proto.AttrValue_Func{Func: &attr_value_go_proto.NameAttrList{
			Name: decodePicture}}},
		"max_intra_op_parallelism": {Value: &attr_value_go_proto.AttrValue_I{I: 1}},
	}}
}
