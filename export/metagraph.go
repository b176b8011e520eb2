package export

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/bundle"
	"alexnet/tfgraph"
)

// tag marks the graph for serving, as opposed to training.
const tag = "serve"

// encode returns the bytes of saved_model.pb, a function of the graph.
func (g *servingGraph) encode() ([]byte, error) {
	ops, err := g.usedOps()
	if err != nil {
		return nil, err
	}
	variables, err := g.collection()
	if err != nil {
		return nil, err
	}
	meta := &pb.MetaGraphDef{
		MetaInfoDef: &pb.MetaGraphDef_MetaInfoDef{
			Tags: []string{tag}, TensorflowVersion: tfgraph.Version(), StrippedOpList: ops,
		},
		GraphDef:      g.def,
		SaverDef:      g.restoring,
		CollectionDef: map[string]*pb.CollectionDef{"variables": variables, "trainable_variables": variables},
		SignatureDef:  g.signatures(),
		AssetFileDef: []*pb.AssetFileDef{{
			TensorInfo: &pb.TensorInfo{Encoding: &pb.TensorInfo_Name{Name: "classes/file:0"}},
			Filename:   classesFile,
		}},
	}
	const schema = 1 // kSavedModelSchemaVersion in constants.h
	saved := &pb.SavedModel{SavedModelSchemaVersion: schema, MetaGraphs: []*pb.MetaGraphDef{meta}}
	return proto.MarshalOptions{Deterministic: true}.Marshal(saved)
}

// collection lists the variables.
func (g *servingGraph) collection() (*pb.CollectionDef, error) {
	list := new(pb.CollectionDef_BytesList)
	for _, v := range g.saver.VariableDefs() {
		text, err := proto.MarshalOptions{Deterministic: true}.Marshal(v)
		if err != nil {
			return nil, err
		}
		list.Value = append(list.Value, text)
	}
	return &pb.CollectionDef{Kind: &pb.CollectionDef_BytesList_{BytesList: list}}, nil
}

// usedOps are the definitions of the operations in the graph, by which other versions of TensorFlow know the defaults of
// attributes.
func (g *servingGraph) usedOps() (*op_def_go_proto.OpList, error) {
	used := map[string]bool{}
	for _, n := range g.def.Node {
		used[n.Op] = true
	}
	for _, f := range g.def.Library.Function {
		for _, n := range f.NodeDef {
			used[n.Op] = true
		}
	}
	var all op_def_go_proto.OpList
	if err := proto.Unmarshal(tfgraph.OpList(), &all); err != nil {
		return nil, fmt.Errorf("read TensorFlow's operations: %w", err)
	}
	list := new(op_def_go_proto.OpList)
	for _, o := range all.Op {
		if used[o.Name] {
			list.Op = append(list.Op, o)
		}
	}
	// The library lists them in an order that changes between processes.
	slices.SortFunc(list.Op, func(a, b *op_def_go_proto.OpDef) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// Signature is an entry point of a SavedModel.
type Signature struct {
	Name    string   `json:"name"`
	Inputs  []Tensor `json:"inputs"`
	Outputs []Tensor `json:"outputs"`
}

// Tensor is an input or an output of a signature.
type Tensor struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`  // -1 for any size; null for any shape
	Tensor string  `json:"tensor"` // its name in the graph
}

// String has the form `images string[?]`.
func (t Tensor) String() string {
	if t.Shape == nil {
		return t.Name + " " + t.DType
	}
	dims := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		if dims[i] = "?"; d >= 0 {
			dims[i] = fmt.Sprint(d)
		}
	}
	return fmt.Sprintf("%s %s[%s]", t.Name, t.DType, strings.Join(dims, ","))
}

// The signatures that take image files. DefaultSignature, which programs run unless they ask for another, takes images
// as stored; OrientedSignature takes their EXIF orientations too.
const (
	DefaultSignature  = "serving_default"
	OrientedSignature = "oriented"
	resizedSignature  = "resized" // for TensorFlow Lite
)

var predictions = []string{"probabilities", "class", "top_classes", "top_probabilities"}

// signatures returns the signatures by name.
func (g *servingGraph) signatures() map[string]*pb.SignatureDef {
	defs := map[string]*pb.SignatureDef{}
	for name, s := range map[string]struct{ inputs, outputs []string }{
		DefaultSignature:  {[]string{"images"}, predictions},
		OrientedSignature: {[]string{"images", "orientations"}, predictions},
		"pixels":          {[]string{"pixels"}, predictions},
		"pixels_float":    {[]string{"pixels_float"}, predictions},
		resizedSignature:  {[]string{resizedSignature}, []string{"resized_probabilities"}},
		"features":        {[]string{"images"}, g.features()},
	} {
		def := &pb.SignatureDef{Inputs: g.infos(s.inputs), Outputs: g.infos(s.outputs)}
		//lint:ignore SA1019 TensorFlow Serving before 2.4 refuses a signature without it
		def.MethodName = "tensorflow/serving/predict"
		defs[name] = def
	}
	return defs
}

func (g *servingGraph) infos(names []string) map[string]*pb.TensorInfo {
	infos := map[string]*pb.TensorInfo{}
	for _, name := range names {
		t := g.tensors[name]
		shape, _ := t.Shape().ToSlice() // every tensor here has a rank
		infos[name] = &pb.TensorInfo{
			Encoding:    &pb.TensorInfo_Name{Name: tensorName(t)},
			Dtype:       types_go_proto.DataType(t.DataType()),
			TensorShape: shapeProto(shape),
		}
	}
	return infos
}

func tensorName(o tf.Output) string { return fmt.Sprintf("%s:%d", o.Op.Name(), o.Index) }

func shapeProto(shape []int64) *tensor_shape_go_proto.TensorShapeProto {
	p := new(tensor_shape_go_proto.TensorShapeProto)
	for _, d := range shape {
		p.Dim = append(p.Dim, &tensor_shape_go_proto.TensorShapeProto_Dim{Size: d})
	}
	return p
}

// readSignatures returns the signatures sorted by name.
func readSignatures(defs map[string]*pb.SignatureDef) []Signature {
	all := []Signature{}
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		s := Signature{Name: name, Inputs: readTensors(defs[name].GetInputs()), Outputs: readTensors(defs[name].GetOutputs())}
		if len(s.Inputs)+len(s.Outputs) > 0 { // Python writes one with neither, for its own loader
			all = append(all, s)
		}
	}
	return all
}

func readTensors(infos map[string]*pb.TensorInfo) []Tensor {
	tensors := make([]Tensor, 0, len(infos))
	for name, info := range infos {
		t := Tensor{Name: name, DType: bundle.TypeName(info.GetDtype()), Tensor: info.GetName()}
		if shape := info.GetTensorShape(); shape != nil && !shape.GetUnknownRank() {
			t.Shape = []int64{}
			for _, d := range shape.GetDim() {
				t.Shape = append(t.Shape, d.GetSize())
			}
		}
		tensors = append(tensors, t)
	}
	slices.SortFunc(tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	return tensors
}
