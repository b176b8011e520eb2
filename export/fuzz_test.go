package export

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/checkpoint"
)

var tiny = alexnet.Description{
	Network:       alexnet.Config{Classes: 2, Size: 67, Widths: []int{2, 2, 2, 2, 2, 2, 2}},
	Preprocessing: alexnet.Config{Size: 67}.Preprocessing(alexnet.Squash, true, []string{"cat", "dog"}),
}

// tinyCard has no files.
func tinyCard() *Card {
	return &Card{Format: format, Checkpoint: checkpoint.Meta{Name: "model_epoch1.ckpt", Model: tiny.JSON()}, description: tiny}
}

// A card that is accepted can be used: its network can be built, and it is read again
// as the same.
func FuzzCard(f *testing.F) {
	c := tinyCard()
	c.Files = []File{{graphFile, 1, "00"}}
	c.Fingerprint = c.sum()
	text, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c *Card
		var err error
		if n := allocated(func() { c, err = parseCard(text) }); n > 1<<20+100*len(text) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
		if err != nil {
			return
		}
		if err := c.description.Validate(); err != nil {
			t.Errorf("got a card of %v", err)
		}
		// What is indented takes more the deeper it lies; a signature's tensor stands as words.
		n := allocated(func() { _, err = c.markdown() })
		if n > 1<<20+1000*len(text) {
			t.Errorf("allocated %d bytes to write %d for people", n, len(text))
		}
		if err != nil && len(c.Checkpoint.Config) == 0 {
			t.Errorf("write it for people: %v", err)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		second, err := parseCard(again)
		if err != nil {
			t.Fatalf("read it again: %v", err)
		}
		if third, err := json.Marshal(second); err != nil || !bytes.Equal(third, again) {
			t.Errorf("got %s, %v, want the same as %s", third, err, again)
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
	f.Add(manyOf(0x0a, 100))
	f.Add(repeated(0x12, nil, 100))
	if _, err := knownOps(); err != nil { // what is read once is nobody's
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var found *Contents
		var err error
		// Two bytes may be a graph, with a map for each of its parts.
		if n := allocated(func() { found, err = parseGraph(text) }); n > 1<<20+300*len(text) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
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

// allocated is how many bytes f takes from the heap.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// repeated is a field n times over, each of which holds inside.
func repeated(tag byte, inside []byte, n int) []byte {
	return bytes.Repeat(protowire.AppendBytes([]byte{tag}, inside), n)
}

// manyOf is a SavedModel of n empty fields of its graph: 0x0a are nodes.
func manyOf(tag byte, n int) []byte {
	return repeated(0x12, repeated(0x12, repeated(tag, nil, n), 1), 1)
}

// A file of empty messages takes memory in proportion to it, and is refused before
// that becomes much.
func TestGraphOfManyMessages(t *testing.T) {
	if _, err := knownOps(); err != nil {
		t.Fatal(err)
	}
	n := maxMessages / 64
	for name, text := range map[string][]byte{"nodes": manyOf(0x0a, n), "graphs": repeated(0x12, nil, n)} {
		var err error
		got := allocated(func() { _, err = parseGraph(text) })
		if err != nil || got > 1<<20+300*len(text) {
			t.Errorf("%s: got %v with %d bytes allocated for %d", name, err, got, len(text))
		}
		t.Logf("%s: %d bytes allocated for %d", name, got, len(text))
	}
	text := manyOf(0x0a, maxMessages)
	var err error
	if got := allocated(func() { _, err = parseGraph(text) }); err == nil || got > 1<<20 {
		t.Errorf("got %v with %d bytes allocated for %d, want it refused before", err, got, len(text))
	}
}

// A tensor of many dimensions is written in proportion to them.
func TestTensorOfManyDimensions(t *testing.T) {
	x := Tensor{Name: "x", DType: "float32", Shape: make([]int64, 20000)}
	var text string
	if got := allocated(func() { text = x.String() }); got > 4<<20 || !strings.HasPrefix(text, "x float32[0,0,") {
		t.Errorf("got %.20q with %d bytes allocated for %d", text, got, len(text))
	}
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
