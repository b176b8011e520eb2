package alexnet_test

import (
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/internal/parity"
	"alexnet/tfgraph"
)

// build returns the network, its graph and the names of the graph's nodes.
func build(t *testing.T, c alexnet.Config, dropout ...string) (net *alexnet.Network, graph *graph_go_proto.GraphDef, nodes []string) {
	t.Helper()
	root := op.NewScope()
	net = alexnet.Build(root, c, dropout...)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		t.Fatal(err)
	}
	graph = new(graph_go_proto.GraphDef)
	if err := proto.Unmarshal(def, graph); err != nil {
		t.Fatal(err)
	}
	for _, n := range graph.Node {
		nodes = append(nodes, n.Name)
	}
	return net, graph, nodes
}

var layerOutputs = []string{"conv1", "norm1", "pool1", "conv2", "norm2", "pool2",
	"conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8"}

func TestNamesDependOnConfigOnly(t *testing.T) {
	for _, c := range []struct {
		name   string
		config alexnet.Config
	}{
		{"tiny", tiny}, {"kernel", withLRN(tiny, alexnet.LRNKernel)}, {"bvlc", alexnet.Config{Classes: 1000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, first, _ := build(t, c.config)
			_, second, _ := build(t, c.config)
			if !proto.Equal(first, second) { // the bytes differ in the order of attributes
				t.Error("two builds of one config differ")
			}
			var variables, activations []string
			for i, v := range net.Variables {
				layer := c.config.Layers()[i/2]
				variables = append(variables, v.Name)
				shape := [][]int64{layer.Weights, layer.Biases}[i%2]
				if want := layer.Name + []string{"/weights", "/biases"}[i%2]; v.Name != want || !slices.Equal(v.Shape, shape) {
					t.Errorf("variable %d: got %s %v, want %s %v", i, v.Name, v.Shape, want, shape)
				}
				if got := v.Handle.Op.Name(); got != v.Name {
					t.Errorf("got node %q for variable %q", got, v.Name)
				}
			}
			if len(variables) != 16 {
				t.Errorf("got %d variables, want 16", len(variables))
			}
			for _, a := range net.Activations {
				activations = append(activations, a.Name)
				if node := a.Output.Op.Name(); !strings.HasPrefix(node, a.Name+"/") {
					t.Errorf("activation %s is node %q, want it under its own name", a.Name, node)
				}
			}
			if !slices.Equal(activations, layerOutputs) {
				t.Errorf("got activations %q, want %q", activations, layerOutputs)
			}
		})
	}
}

func TestInferenceHasNoDropout(t *testing.T) {
	random := func(names []string) (found []string) {
		for _, n := range names {
			if strings.Contains(n, "dropout") || strings.Contains(n, "Random") {
				found = append(found, n)
			}
		}
		return found
	}
	if _, _, nodes := build(t, tiny); len(random(nodes)) > 0 {
		t.Errorf("inference: got nodes %q, want none", random(nodes))
	}
	net, _, nodes := build(t, tiny, "fc6", "fc7")
	if len(random(nodes)) == 0 {
		t.Error("training: got no dropout nodes")
	}
	var layers []string
	for _, a := range net.Activations {
		layers = append(layers, a.Name)
	}
	if want := []string{"fc6", "dropout6", "fc7", "dropout7", "fc8"}; !slices.Equal(layers[len(layers)-5:], want) {
		t.Errorf("training: got last layers %q, want %q", layers[len(layers)-5:], want)
	}
}

// Dropout that is not fed is the identity, bit for bit, so a training graph
// evaluates as an inference graph does; fed, it drops.
func TestUnfedDropoutIsIdentity(t *testing.T) {
	weights, images := randomWeights(tiny, 1), randomImages(tiny, 3, 2)
	same := parity.Tolerance{Why: "x/(1-0)*1 is x"}
	logits := func(dropout ...string) *harness {
		tr := newHarness(t, tiny, graphOptions{dropout: dropout})
		tr.batch(t, images, []int32{0, 1, 2})
		tr.start(t, weights)
		return tr
	}
	inference, training := logits(), logits("fc6", "fc7")
	want := inference.run(t, nil, []tf.Output{inference.net.Logits})[0]
	got := training.run(t, nil, []tf.Output{training.net.Logits})[0]
	if _, err := parity.Compare(got, want, same); err != nil {
		t.Error(err)
	}
	fed := tfgraph.Feeds{training.net.DropoutRate: tensor(t, []float32{0.5})}
	dropped := training.run(t, fed, []tf.Output{training.net.Logits})[0]
	if _, err := parity.Compare(dropped, want, same); err == nil {
		t.Error("dropout 0.5 changed nothing")
	}
	again := training.run(t, fed, []tf.Output{training.net.Logits})[0]
	if _, err := parity.Compare(again, dropped, same); err != nil {
		t.Errorf("the same seed dropped different values: %v", err)
	}
}

func TestBuildReportsBadConfig(t *testing.T) {
	root := op.NewScope()
	alexnet.Build(root, alexnet.Config{Classes: 1, Size: 9})
	_, err := tfgraph.GraphDef(root)
	if err == nil || !strings.Contains(err.Error(), "classes: got 1") || !strings.Contains(err.Error(), "size: got 9") {
		t.Errorf("got error %v, want one about classes and size", err)
	}
}

func TestVariablesOf(t *testing.T) {
	net, _, _ := build(t, tiny)
	var names []string
	for _, v := range net.VariablesOf([]string{"fc8", "conv1", "fc9"}) {
		names = append(names, v.Name)
	}
	if want := []string{"conv1/weights", "conv1/biases", "fc8/weights", "fc8/biases"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}
