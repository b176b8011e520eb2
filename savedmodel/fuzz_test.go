package savedmodel

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/checkpoint"
)

var tiny = checkpoint.Meta{
	Name:     "model_epoch1.ckpt",
	Network:  alexnet.Config{Classes: 2, Size: 67, Widths: alexnet.Widths{Conv: [5]int{2, 2, 2, 2, 2}, FC: [2]int{2, 2}}},
	Contract: alexnet.NewContract(67, alexnet.Squash, true, []string{"cat", "dog"}),
}

// A card that is accepted can be used: its network can be built, and it is read again
// as the same.
func FuzzCard(f *testing.F) {
	c := &Card{Format: format, Checkpoint: tiny, Files: []File{{graphFile, 1, "00"}}}
	c.Fingerprint = c.sum()
	text, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCard(text)
		if err != nil {
			return
		}
		if err := c.Checkpoint.Validate(); err != nil {
			t.Errorf("got a card of %v", err)
		}
		if _, err := c.markdown(); err != nil && len(c.Checkpoint.Config) == 0 {
			t.Errorf("write it for people: %v", err)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseCard(again); err != nil {
			t.Errorf("read it again: %v", err)
		}
	})
}

// Whatever a graph's file holds, it is an error or a list.
func FuzzGraph(f *testing.F) {
	g, err := build(tiny)
	if err != nil {
		f.Fatal(err)
	}
	g.def.Node = nil // the signatures matter; a smaller seed is mutated faster
	g.def.Library.Function = nil
	text, err := g.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte{})
	empty, err := proto.Marshal(g.signatures()["features"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(empty)
	calling, err := proto.Marshal(calls())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(calling)
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := parseGraph(text)
		if err != nil {
			if found != nil {
				t.Error("got both a list and an error")
			}
			return
		}
		for _, s := range found.Signatures {
			for _, tensor := range append(s.Inputs, s.Outputs...) {
				if !strings.HasPrefix(tensor.String(), tensor.Name+" ") {
					t.Errorf("got %q of %q", tensor, tensor.Name)
				}
			}
		}
		for _, o := range found.Outside {
			if !slices.ContainsFunc(found.Ops, func(c OpCount) bool { return c.Op == o.Op && c.Count > 0 }) {
				t.Errorf("got %s outside of %v", o.Op, found.Ops)
			}
		}
		if _, err := json.Marshal(found); err != nil {
			t.Error(err)
		}
	})
}

// calls is a graph whose signature calls a function that calls another and itself,
// with an operation that reaches outside at the end.
func calls() *pb.SavedModel {
	type node = node_def_go_proto.NodeDef
	call := func(name, function string, inputs ...string) *node {
		f := &attr_value_go_proto.NameAttrList{Name: function}
		return &node{Name: name, Op: "StatefulPartitionedCall", Input: inputs, Attr: map[string]*attr_value_go_proto.AttrValue{
			"f": {Value: &attr_value_go_proto.AttrValue_Func{Func: f}}}}
	}
	function := func(name string, nodes ...*node) *function_go_proto.FunctionDef {
		return &function_go_proto.FunctionDef{Signature: &op_def_go_proto.OpDef{Name: name}, NodeDef: nodes}
	}
	out := &pb.TensorInfo{Encoding: &pb.TensorInfo_Name{Name: "y:0"}}
	return &pb.SavedModel{MetaGraphs: []*pb.MetaGraphDef{{
		MetaInfoDef:  &pb.MetaGraphDef_MetaInfoDef{Tags: []string{tag}},
		SignatureDef: map[string]*pb.SignatureDef{DefaultSignature: {Outputs: map[string]*pb.TensorInfo{"y": out}}},
		GraphDef: &graph_go_proto.GraphDef{
			Node: []*node{{Name: "x", Op: "Placeholder"}, call("y", "first", "x", "^z"), {Name: "z", Op: "NoOp", Input: []string{"^y"}}, {Name: "s", Op: "RestoreV2"}},
			Library: &function_go_proto.FunctionDefLibrary{Function: []*function_go_proto.FunctionDef{
				function("first", call("again", "first"), call("on", "second")), function("second", &node{Name: "w", Op: "SaveV2"}),
				function("unused", &node{Name: "r", Op: "ReadFile"}),
			}},
		},
	}}}
}

// What stands in any function counts; a saver's operation only where a signature
// leads to it.
func TestLookFollowsCalls(t *testing.T) {
	text, err := proto.Marshal(calls())
	if err != nil {
		t.Fatal(err)
	}
	found, err := parseGraph(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []Outside{{"ReadFile", "files"}, {"SaveV2", "files"}}
	if !slices.Equal(found.Outside, want) || found.Functions != 3 || found.Ops[0] != (OpCount{"StatefulPartitionedCall", 3}) {
		t.Errorf("got %+v, want %v outside", found, want)
	}
}

// An operation counts in whichever graph it stands, and also where a function bears
// its name.
func TestLookHidesNothing(t *testing.T) {
	type node = node_def_go_proto.NodeDef
	saved := calls()
	saved.MetaGraphs = append(saved.MetaGraphs, &pb.MetaGraphDef{
		MetaInfoDef: &pb.MetaGraphDef_MetaInfoDef{Tags: []string{tag, "gpu"}},
		GraphDef: &graph_go_proto.GraphDef{
			Node: []*node{{Name: "a", Op: "WriteFile"}, {Name: "b", Op: "mine"}},
			Library: &function_go_proto.FunctionDefLibrary{Function: []*function_go_proto.FunctionDef{
				{Signature: &op_def_go_proto.OpDef{Name: "WriteFile"}}, {Signature: &op_def_go_proto.OpDef{Name: "mine"}},
			}},
		},
	})
	text, err := proto.Marshal(saved)
	if err != nil {
		t.Fatal(err)
	}
	found, err := parseGraph(text)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Outside{{"ReadFile", "files"}, {"SaveV2", "files"}, {"WriteFile", "files"}}; !slices.Equal(found.Outside, want) || found.Functions != 5 {
		t.Errorf("got %+v, want %v outside and 5 functions", found, want)
	}
}
