package ops_test

import (
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"

	"alexnet/ops"
	"alexnet/tfgraph"
)

var strong = ops.LRNParams{Radius: 2, Bias: 1, Alpha: .3, Beta: .75}

// twoCuts is sum(weights * c * LRN(b * twin * LRN(a))): a, b and c are each used
// in a stage of their own, twin in that of b.
type twoCuts struct {
	root    *op.Scope
	tape    *ops.Tape
	loss    tf.Output
	weights array
	vars    map[string]fedVariable
}

var twoCutsShape = []int{1, 2, 1, 6}

func newTwoCuts() *twoCuts {
	g := &twoCuts{root: op.NewScope(), tape: new(ops.Tape), weights: random(9, twoCutsShape...), vars: map[string]fedVariable{}}
	for i, name := range []string{"a", "b", "twin", "c", "unused"} {
		g.vars[name] = newFedVariable(g.root, name, random(uint64(i), twoCutsShape...))
	}
	mul := func(x tf.Output, name string) tf.Output {
		g.tape.Use(g.vars[name].Variable)
		return op.Mul(g.root.SubScope("times"), x, g.vars[name].Value)
	}
	g.tape.Use(g.vars["a"].Variable)
	x := ops.LRNKernel(g.root.SubScope("norm1"), g.vars["a"].Value, strong, g.tape)
	x = mul(mul(x, "b"), "twin")
	x = ops.LRNKernel(g.root.SubScope("norm2"), x, strong, g.tape)
	g.loss = weighted(g.root, mul(x, "c"), g.weights)
	return g
}

func (g *twoCuts) reference() float64 {
	times := func(x array, name string) array {
		y := zeros(x.shape...)
		for i, v := range g.vars[name].start.values {
			y.values[i] = x.values[i] * v
		}
		return y
	}
	x := localResponseNorm(g.vars["a"].start, strong)
	x = localResponseNorm(times(times(x, "b"), "twin"), strong)
	return dot(times(x, "c"), g.weights)
}

func TestGradientsThroughTwoCuts(t *testing.T) {
	for _, requested := range []string{"a b twin c", "c twin b a", "c", "b", "b twin", "a", "c a", "b c", "twin a"} {
		t.Run(requested, func(t *testing.T) {
			g := newTwoCuts()
			var vars []ops.Variable
			for _, name := range strings.Fields(requested) {
				vars = append(vars, g.vars[name].Variable)
			}
			grads := ops.Gradients(g.root, g.loss, vars, g.tape)
			session := openWith(t, g.root, g.vars["a"], g.vars["b"], g.vars["twin"], g.vars["c"])
			for i, got := range run[float32](t, session, nil, grads) {
				near(t, vars[i].Name, got, finiteDifferences(g.vars[vars[i].Name].start, g.reference), 1e-4)
			}
		})
	}
}

// The backward pass ends at the first requested variable.
func TestGradientsEndAtFirstVariable(t *testing.T) {
	for requested, want := range map[string]int{"c": 0, "b": 1, "a": 2} {
		g := newTwoCuts()
		ops.Gradients(g.root, g.loss, []ops.Variable{g.vars[requested].Variable}, g.tape)
		if got := count(t, g.root, "LRNGrad"); got != want {
			t.Errorf("derivative with respect to %s: got %d LRNGrad in the graph, want %d", requested, got, want)
		}
	}
}

// count returns the number of operations of one type in the finished graph.
func count(t *testing.T, s *op.Scope, kind string) (n int) {
	t.Helper()
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	var graph graph_go_proto.GraphDef
	if err := proto.Unmarshal(def, &graph); err != nil {
		t.Fatal(err)
	}
	for _, node := range graph.Node {
		if node.Op == kind {
			n++
		}
	}
	return n
}

func TestGradientsRejects(t *testing.T) {
	for name, test := range map[string]struct {
		breakGraph func(g *twoCuts)
		words      string
	}{
		"variable the tape has not recorded": {func(*twoCuts) {}, `"unused": the forward pass does not use it`},
		"variable on both sides of a cut": {func(g *twoCuts) {
			g.tape = new(ops.Tape)
			g.tape.Use(g.vars["unused"].Variable)
			ops.LRNKernel(g.root.SubScope("norm3"), g.vars["unused"].Value, strong, g.tape)
			g.tape.Use(g.vars["unused"].Variable)
		}, `"unused": it is used on both sides of a cut`},
		"variable the loss does not depend on": {func(g *twoCuts) {
			g.tape.Use(g.vars["unused"].Variable)
		}, "Gradients"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTwoCuts()
			test.breakGraph(g)
			vars := []ops.Variable{g.vars["unused"].Variable}
			if got := ops.Gradients(g.root, g.loss, vars, g.tape); len(got) != 1 {
				t.Errorf("got %d gradients, want one per variable", len(got))
			}
			if g.root.Err() == nil || !strings.Contains(g.root.Err().Error(), test.words) {
				t.Errorf("got %v, want … %s …", g.root.Err(), test.words)
			}
		})
	}
}

func TestGradientsWithoutCuts(t *testing.T) {
	root, tape := op.NewScope(), new(ops.Tape)
	v := newFedVariable(root, "v", array{[]int{3}, []float64{1, -2, 3}})
	tape.Use(v.Variable)
	square := op.Square(root, v.Value)
	loss := weighted(root, square, array{[]int{3}, []float64{1, 1, .5}})
	grads := ops.Gradients(root, loss, []ops.Variable{v.Variable}, tape)
	got := run[float32](t, openWith(t, root, v), nil, grads)[0]
	near(t, "2wv", got, []float64{2, -4, 3}, 0)
}
