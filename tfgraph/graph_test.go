package tfgraph_test

import (
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"

	"alexnet/tfgraph"
)

// names lists the operations of a serialized graph.
func names(t *testing.T, def []byte) (names []string) {
	t.Helper()
	var graph graph_go_proto.GraphDef
	if err := proto.Unmarshal(def, &graph); err != nil {
		t.Fatal(err)
	}
	for _, node := range graph.Node {
		names = append(names, node.Name)
	}
	return names
}

func TestGraphDefKeepsNames(t *testing.T) {
	s := op.NewScope()
	layer := s.SubScope("conv1")
	tfgraph.Const(layer, "one", float32(1))
	tfgraph.Const(layer, "two", float32(2))
	tfgraph.Placeholder(s, "images", tf.Float, tf.MakeShape(-1, 8, 8, 3))
	tfgraph.PlaceholderWithDefault(s, "dropout/rate", float32(0), tf.ScalarShape())
	tfgraph.Node(s, tf.OpSpec{Type: "NoOp", Name: "init"})
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"conv1/one", "conv1/two", "dropout/rate", "dropout/rate/default", "images", "init"}
	if got := slices.Sorted(slices.Values(names(t, def))); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := tfgraph.GraphDef(s); err == nil {
		t.Error("got a second graph of a finished scope")
	}
}

func TestGraphDefReturnsFirstError(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(s *op.Scope)
		words string
	}{
		{"constants collide", func(s *op.Scope) {
			tfgraph.Const(s, "twin", int32(1))
			tfgraph.Const(s, "twin", int32(2))
		}, "twin"},
		{"placeholders collide", func(s *op.Scope) {
			tfgraph.Placeholder(s, "twin", tf.Float, tf.ScalarShape())
			tfgraph.Placeholder(s, "twin", tf.Float, tf.ScalarShape())
		}, "twin"},
		{"not a tensor", func(s *op.Scope) { tfgraph.Const(s, "mean", struct{}{}) }, "mean"},
		{"unknown operation", func(s *op.Scope) { tfgraph.Node(s, tf.OpSpec{Type: "Nonesuch", Name: "n"}) }, "Nonesuch"},
		{"missing attribute", func(s *op.Scope) { tfgraph.Node(s, tf.OpSpec{Type: "Placeholder", Name: "n"}) }, "dtype"},
		{"default of another shape", func(s *op.Scope) {
			tfgraph.PlaceholderWithDefault(s, "rate", []float32{1, 2}, tf.MakeShape(3))
		}, "rate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := op.NewScope()
			test.build(s.SubScope("layer"))
			later := tfgraph.Const(s, "later", float32(1))
			if later.Op != nil || tfgraph.PlaceholderWithDefault(s, "x", float32(1), tf.ScalarShape()).Op != nil {
				t.Error("a builder added to a scope that had failed")
			}
			_, err := tfgraph.GraphDef(s)
			if err == nil || !strings.HasPrefix(err.Error(), "build graph: ") || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %v, want build graph: … %s …", err, test.words)
			}
		})
	}
}

func TestPlaceholderWithDefault(t *testing.T) {
	s := op.NewScope()
	rate := tfgraph.PlaceholderWithDefault(s, "rate", float32(.5), tf.ScalarShape())
	seed := tfgraph.PlaceholderWithDefault(s, "seed", []int64{3, 4}, tf.MakeShape(2))
	got := []tf.Output{op.Identity(s.SubScope("rate"), rate), op.Identity(s.SubScope("seed"), seed)}
	session := open(t, s)
	out := run(t, session, nil, got)
	if got := tfgraph.Data[float32](out[0])[0]; got != .5 {
		t.Errorf("unfed: got %v, want .5", got)
	}
	if got := tfgraph.Data[int64](out[1]); !slices.Equal(got, []int64{3, 4}) {
		t.Errorf("unfed: got %v, want [3 4]", got)
	}
	out = run(t, session, tfgraph.Feeds{rate: of(t, []float32{.25})}, got[:1])
	if got := tfgraph.Data[float32](out[0])[0]; got != .25 {
		t.Errorf("fed: got %v, want .25", got)
	}
}

func TestPlaceholderKeepsShape(t *testing.T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.Uint8, tf.MakeShape(-1, 3))
	if got, err := x.Shape().ToSlice(); err != nil || !slices.Equal(got, []int64{-1, 3}) || x.DataType() != tf.Uint8 {
		t.Errorf("got %v %v, %v, want uint8 of [-1 3]", x.DataType(), got, err)
	}
}

func TestNodeWithoutOutputs(t *testing.T) {
	s := op.NewScope()
	node := tfgraph.Node(s, tf.OpSpec{Type: "NoOp", Name: "init"})
	if node.Op == nil || node.Op.Name() != "init" {
		t.Fatalf("got %v, want the operation init", node.Op)
	}
	run(t, open(t, s), nil, nil, node.Op)
}
