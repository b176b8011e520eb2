package export

import (
	"bytes"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/tfgraph"
)

// TopK is how many classes top_classes names, or all if there are fewer.
const TopK = 5

// servingGraph is the graph that other programs run.
type servingGraph struct {
	root *op.Scope
	alexnet.Description
	net       *alexnet.Network
	saver     *checkpoint.Saver
	count     tf.Output            // int32 [1]: how many images are fed
	tensors   map[string]tf.Output // inputs and outputs of signatures
	def       *graph_go_proto.GraphDef
	restoring *pb.SaverDef
}

// build makes the graph. Every input of images is empty unless it is fed, and all of them go through one network, which
// therefore serves every signature.
func build(d alexnet.Description) (*servingGraph, error) {
	g := &servingGraph{root: op.NewScope(), Description: d, tensors: map[string]tf.Output{}}
	images := g.input("images", []string{}, -1)
	orientations := g.input("orientations", []int32{1}, -1)
	decoded := tfgraph.Placeholder(g.root, "decoded", tf.Float, tf.MakeShape(-1, g.side(), g.side(), 3))
	each := op.BroadcastTo(g.root.SubScope("each"), orientations, op.Shape(g.root.SubScope("each"), images))
	inputs := g.images(decoded)
	g.net = alexnet.BuildOn(g.root, g.atLeastOne(inputs), d.Network)
	g.addOutputs()
	g.addResized()
	g.saver = checkpoint.NewSaver(g.root, g.net.Variables)
	g.restoring = g.saver.Def()
	tfgraph.Const(g.root, "classes/file", classesFile)
	text, err := tfgraph.GraphDef(g.root)
	if err != nil {
		return nil, err
	}
	g.def = new(graph_go_proto.GraphDef)
	if err := proto.Unmarshal(text, g.def); err != nil {
		return nil, fmt.Errorf("build graph: %w", err)
	}
	return g, g.decode(decoded, images, each)
}

func (g *servingGraph) side() int64 { return int64(g.Preprocessing.Size) }

// input adds a tensor that a signature feeds, with its default value.
func (g *servingGraph) input(name string, otherwise any, shape ...int64) tf.Output {
	g.tensors[name] = tfgraph.PlaceholderWithDefault(g.root, name, otherwise, tf.MakeShape(shape...))
	return g.tensors[name]
}

// images concatenates the network inputs of all images that are fed, in a fixed order.
func (g *servingGraph) images(decoded tf.Output) tf.Output {
	pixels := g.input("pixels", none(tf.Uint8), -1, -1, -1, 3)
	floats := g.input("pixels_float", none(tf.Float), -1, -1, -1, 3)
	s := g.root.SubScope("inputs")
	fromPixels := g.Preprocessing.Normalize(s.SubScope("pixels"), pixels)
	fromFloats := g.Preprocessing.Normalize(s.SubScope("pixels_float"), floats)
	axis := tfgraph.Const(s, "axis", int32(0))
	return op.ConcatV2(s, []tf.Output{decoded, fromPixels, fromFloats}, axis)
}

// atLeastOne adds a black image to an empty batch: oneDNN's convolutions in TensorFlow 2.18 to 2.21 return a wrong shape
// for one. rows cuts its outputs off.
func (g *servingGraph) atLeastOne(images tf.Output) tf.Output {
	s := g.root.SubScope("at_least_one")
	zero, one, side := tfgraph.Const(s, "zero", []int32{0}), tfgraph.Const(s, "one", []int32{1}), int32(g.side())
	g.count = op.Slice(s, op.Shape(s, images), zero, one)
	missing := op.Sub(s, one, op.Minimum(s, g.count, one))
	axis := tfgraph.Const(s, "axis", int32(0))
	shape := op.ConcatV2(s.SubScope("shape"), []tf.Output{missing, tfgraph.Const(s, "image", []int32{side, side, 3})}, axis)
	black := op.Fill(s, shape, tfgraph.Const(s, "black", float32(0)))
	return op.ConcatV2(s, []tf.Output{images, black}, axis)
}

// rows are those of x that belong to an image.
func (g *servingGraph) rows(name string, x tf.Output) tf.Output {
	s := g.root.SubScope(name + "/rows")
	return op.StridedSlice(s, x, tfgraph.Const(s, "first", []int32{0}), g.count, tfgraph.Const(s, "step", []int32{1}))
}

// none is an empty batch of images; graft has no other way to make one.
func none(dtype tf.DataType) *tf.Tensor {
	t, err := tf.ReadTensor(dtype, []int64{0, 1, 1, 3}, bytes.NewReader(nil))
	if err != nil {
		panic(err) // nothing is read
	}
	return t
}

// addOutputs adds the outputs of the signatures.
func (g *servingGraph) addOutputs() {
	probabilities := op.Softmax(g.root.SubScope("probabilities"), g.rows("logits", g.net.Logits))
	s := g.root.SubScope("top")
	classes := g.Preprocessing.Classes
	values, indices := op.TopKV2(s, probabilities, tfgraph.Const(s, "k", int32(min(TopK, len(classes)))))
	names, axis := tfgraph.Const(g.root, "classes/names", classes), tfgraph.Const(s, "axis", int32(0))
	best := op.ArgMax(s, probabilities, tfgraph.Const(s, "by_class", int32(1)))
	g.tensors["probabilities"] = probabilities
	g.tensors["top_probabilities"] = values
	g.tensors["top_classes"] = op.GatherV2(s.SubScope("classes"), names, indices, axis)
	g.tensors["class"] = op.GatherV2(s.SubScope("class"), names, best, axis)
	for _, name := range g.features() {
		g.tensors[name] = g.rows(name, g.net.Activation(name))
	}
}

// addResized adds the network once more, on float images of its own size: the other inputs all lead through one network, with
// the decoding of files, which TensorFlow Lite does not have.
func (g *servingGraph) addResized() {
	s := g.root.SubScope("resized")
	images := tfgraph.Placeholder(s, "images", tf.Float, tf.MakeShape(-1, g.side(), g.side(), 3))
	logits := g.net.Repeat(s.SubScope("network"), g.Preprocessing.NormalizeResized(s, images))
	g.tensors[resizedSignature] = images
	g.tensors["resized_probabilities"] = op.Softmax(s, logits)
}

// features are the layers whose outputs the signature "features" returns.
func (g *servingGraph) features() []string {
	a := g.Network.Architecture()
	return []string{a.Features(), a.Embedding()}
}

const decodeFunction = "decode_image"

// decode replaces the placeholder by a node that decodes a vector of images: a function of one image, mapped over the
// vector in parallel. graft can make neither.
func (g *servingGraph) decode(placeholder, images, orientations tf.Output) error {
	s := op.NewScope()
	one := g.Preprocessing.BuildStandaloneDecoding(s)
	text, err := tfgraph.GraphDef(s)
	if err != nil {
		return err
	}
	text, err = tfgraph.Function(text, decodeFunction, []tf.Output{one.Contents, one.Orientation}, []tf.Output{one.Image})
	if err != nil {
		return err
	}
	f := new(function_go_proto.FunctionDef)
	if err := proto.Unmarshal(text, f); err != nil {
		return fmt.Errorf("make function: %w", err)
	}
	name := placeholder.Op.Name()
	i := slices.IndexFunc(g.def.Node, func(n *node_def_go_proto.NodeDef) bool { return n.Name == name })
	node := fmt.Appendf(nil, mapDefun, name, tensorName(images), tensorName(orientations), g.side(), decodeFunction)
	if err := prototext.Unmarshal(node, g.def.Node[i]); err != nil {
		return fmt.Errorf("make node %q: %w", name, err)
	}
	g.def.Library = &function_go_proto.FunctionDefLibrary{Function: []*function_go_proto.FunctionDef{f}}
	return nil
}

// mapDefun is the node that calls decodeFunction for each row of its inputs
// (tensorflow/core/ops/functional_ops.cc, MapDefun).
const mapDefun = `
	name: %q op: "MapDefun" input: %q input: %q
	attr { key: "Targuments" value { list { type: [DT_STRING, DT_INT32] } } }
	attr { key: "Tcaptured" value { list {} } }
	attr { key: "output_types" value { list { type: DT_FLOAT } } }
	attr { key: "output_shapes" value { list { shape { dim { size: %[4]d } dim { size: %[4]d } dim { size: 3 } } } } }
	attr { key: "f" value { func { name: %[5]q } } }
	attr { key: "max_intra_op_parallelism" value { i: 1 } }`
