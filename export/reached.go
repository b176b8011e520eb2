package export

import (
	"strings"

	"github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// reached are the operations that the signatures of a graph run, the one that is
// run on loading among them: those that lead to their outputs, and all of every
// function that these name.
func reached(meta *pb.MetaGraphDef, functions map[string][]*node_def_go_proto.NodeDef) map[string]bool {
	w := walk{nodes: map[string]*node_def_go_proto.NodeDef{}, functions: functions, ops: map[string]bool{}, seen: map[string]bool{}}
	for _, n := range meta.GetGraphDef().GetNode() {
		w.nodes[n.GetName()] = n
	}
	var next []string
	for _, s := range meta.GetSignatureDef() {
		for _, t := range s.GetOutputs() {
			next = append(next, t.GetName())
			for _, c := range t.GetCompositeTensor().GetComponents() {
				next = append(next, c.GetName())
			}
		}
	}
	for name, c := range meta.GetCollectionDef() { // TF1 keeps what it runs on loading here
		if strings.HasSuffix(name, "init_op") || strings.HasSuffix(name, "main_op") {
			next = append(next, c.GetNodeList().GetValue()...)
		}
	}
	for len(next) > 0 {
		name := nodeOf(next[len(next)-1])
		next = next[:len(next)-1]
		n := w.nodes[name]
		if n == nil || w.seen["node "+name] {
			continue
		}
		w.seen["node "+name] = true
		next = append(next, n.GetInput()...)
		w.visit(n)
	}
	return w.ops
}

// nodeOf is the node that a tensor, "x:0", or a control input, "^x", is of.
func nodeOf(tensor string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(tensor, "^"), ":")
	return name
}

type walk struct {
	nodes     map[string]*node_def_go_proto.NodeDef
	functions map[string][]*node_def_go_proto.NodeDef
	ops       map[string]bool
	seen      map[string]bool
}

// visit takes down a node and, once each, the functions that it names.
func (w *walk) visit(n *node_def_go_proto.NodeDef) {
	waiting := []*node_def_go_proto.NodeDef{n}
	for len(waiting) > 0 {
		n, waiting = waiting[len(waiting)-1], waiting[:len(waiting)-1]
		w.ops[n.GetOp()] = true
		for _, f := range append(called(n.GetAttr()), n.GetOp()) {
			if !w.seen["function "+f] {
				w.seen["function "+f] = true
				waiting = append(waiting, w.functions[f]...)
			}
		}
	}
}

// called are the functions in attributes, and in theirs.
func called(attributes map[string]*attr_value_go_proto.AttrValue) (names []string) {
	for _, a := range attributes {
		functions := a.GetList().GetFunc()
		if f := a.GetFunc(); f != nil {
			functions = append(functions, f)
		}
		for _, f := range functions {
			names = append(append(names, f.GetName()), called(f.GetAttr())...)
		}
	}
	return names
}
