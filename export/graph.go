package export

import (
	"bytes"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/tfgraph"
)

// topK is how many classes are named for a picture, where there are as many.
const topK = 5

// serving is the graph that others run.
type serving struct {
	root *op.Scope
	alexnet.Description
	net       *alexnet.Network
	saver     *checkpoint.Saver
	count     tf.Output            // int32 [1]: how many pictures are fed
	tensors   map[string]tf.Output // what signatures name
	def       *graph_go_proto.GraphDef
	restoring *pb.SaverDef
}

// build makes the graph of m's network. Every source of pictures is empty unless it
// is fed, and all that is fed goes through one network, so that one copy of it serves
// every signature.
func build(d alexnet.Description) (*serving, error) {
	g := &serving{root: op.NewScope(), Description: d, tensors: map[string]tf.Output{}}
	images := g.input("images", []string{}, -1)
	orientations := g.input("orientations", []int32{1}, -1)
	decoded := tfgraph.Placeholder(g.root, "decoded", tf.Float, tf.MakeShape(-1, g.side(), g.side(), 3))
	each := op.BroadcastTo(g.root.SubScope("each"), orientations, op.Shape(g.root.SubScope("each"), images))
	pictures := g.pictures(decoded)
	g.net = alexnet.BuildOn(g.root, g.atLeastOne(pictures), d.Network)
	g.answer()
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

func (g *serving) side() int64 { return int64(g.Preprocessing.Size) }

// input adds a tensor that a signature feeds, and the value that it has otherwise.
func (g *serving) input(name string, otherwise any, shape ...int64) tf.Output {
	g.tensors[name] = tfgraph.PlaceholderWithDefault(g.root, name, otherwise, tf.MakeShape(shape...))
	return g.tensors[name]
}

// pictures are all that is fed, as the network reads it, in a fixed order.
func (g *serving) pictures(decoded tf.Output) tf.Output {
	pixels := g.input("pixels", none(tf.Uint8), -1, -1, -1, 3)
	floats := g.input("pixels_float", none(tf.Float), -1, -1, -1, 3)
	s := g.root.SubScope("pictures")
	fromPixels := g.Preprocessing.Normalize(s.SubScope("pixels"), pixels)
	fromFloats := g.Preprocessing.Normalize(s.SubScope("pixels_float"), floats)
	axis := tfgraph.Const(s, "axis", int32(0))
	if s.Err() != nil {
		return tf.Output{}
	}
	return op.ConcatV2(s, []tf.Output{decoded, fromPixels, fromFloats}, axis)
}

// atLeastOne adds a black picture where there is none: the convolutions of TensorFlow
// 2.18 to 2.21 give an empty batch a wrong shape when oneDNN computes them. What is
// said of it is cut off by rows.
func (g *serving) atLeastOne(pictures tf.Output) tf.Output {
	s := g.root.SubScope("at_least_one")
	zero, one, side := tfgraph.Const(s, "zero", []int32{0}), tfgraph.Const(s, "one", []int32{1}), int32(g.side())
	g.count = op.Slice(s, op.Shape(s, pictures), zero, one)
	missing := op.Sub(s, one, op.Minimum(s, g.count, one))
	axis := tfgraph.Const(s, "axis", int32(0))
	if s.Err() != nil {
		return tf.Output{}
	}
	shape := op.ConcatV2(s.SubScope("shape"), []tf.Output{missing, tfgraph.Const(s, "picture", []int32{side, side, 3})}, axis)
	black := op.Fill(s, shape, tfgraph.Const(s, "black", float32(0)))
	return op.ConcatV2(s, []tf.Output{pictures, black}, axis)
}

// rows are those of x that belong to a picture.
func (g *serving) rows(name string, x tf.Output) tf.Output {
	s := g.root.SubScope(name + "/rows")
	return op.StridedSlice(s, x, tfgraph.Const(s, "first", []int32{0}), g.count, tfgraph.Const(s, "step", []int32{1}))
}

// none are no pictures of one pixel; graft has no other way to say so.
func none(dtype tf.DataType) *tf.Tensor {
	t, err := tf.ReadTensor(dtype, []int64{0, 1, 1, 3}, bytes.NewReader(nil))
	if err != nil {
		panic(err) // nothing is read
	}
	return t
}

// answer adds what is said of each picture.
func (g *serving) answer() {
	probabilities := op.Softmax(g.root.SubScope("probabilities"), g.rows("logits", g.net.Logits))
	s := g.root.SubScope("top")
	classes := g.Preprocessing.Classes
	values, indices := op.TopKV2(s, probabilities, tfgraph.Const(s, "k", int32(min(topK, len(classes)))))
	names, axis := tfgraph.Const(g.root, "classes/names", classes), tfgraph.Const(s, "axis", int32(0))
	best := op.ArgMax(s, probabilities, tfgraph.Const(s, "by_class", int32(1)))
	if g.root.Err() != nil {
		return
	}
	g.tensors["probabilities"] = probabilities
	g.tensors["top_probabilities"] = values
	g.tensors["top_classes"] = op.GatherV2(s.SubScope("classes"), names, indices, axis)
	g.tensors["class"] = op.GatherV2(s.SubScope("class"), names, best, axis)
	for _, name := range g.features() {
		g.tensors[name] = g.rows(name, g.net.Activation(name))
	}
}

// features are the layers whose outputs the signature of that name returns.
func (g *serving) features() []string {
	a := g.Network.Architecture()
	return []string{a.Features(), a.Embedding()}
}
