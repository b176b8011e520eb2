package export

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

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
