package alexnet_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/internal/parity"
	"alexnet/internal/weights"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// tiny is the network of most tests: all layers, small widths.
var tiny = alexnet.Config{Classes: 5, Size: 67, Widths: []int{8, 12, 16, 12, 8, 20, 16}}

func withLRN(c alexnet.Config, lrn alexnet.LRN) alexnet.Config {
	c.LRN = lrn
	return c
}

var bothLRN = []alexnet.LRN{alexnet.LRNOps, alexnet.LRNKernel}

// graphOptions says what a harness's graph contains besides the network.
type graphOptions struct {
	dropout   []string
	optimizer ops.Optimizer // "" for none; then there are no gradients unless gradients adds them
	gradients func(root *op.Scope, loss tf.Output, net *alexnet.Network) []tf.Output
}

// allGradients differentiates with respect to all 16 variables.
func allGradients(root *op.Scope, loss tf.Output, net *alexnet.Network) []tf.Output {
	return ops.Gradients(root, loss, net.Variables, net.Tape)
}

// harness is a network with its loss, gradients and update in a session, ready to
// be initialized.
type harness struct {
	net       *alexnet.Network
	labels    tf.Output
	losses    tf.Output // [N]
	loss      tf.Output // their mean
	gradients []tf.Output
	update    ops.Update
	values    []tf.Output     // placeholders of the variables' initial values
	assigns   []*tf.Operation // assign each variable its value
	zeros     []*tf.Operation // initialize the optimizer state
	session   *tfgraph.Session
	inputs    tfgraph.Feeds // fed to every run
}

func newHarness(t testing.TB, config alexnet.Config, r graphOptions) *harness {
	t.Helper()
	root := op.NewScope()
	tr := &harness{net: alexnet.Build(root, config, r.dropout...), inputs: tfgraph.Feeds{}}
	s := root.SubScope("loss")
	tr.labels = tfgraph.Placeholder(root, "labels", tf.Int32, tf.MakeShape(-1))
	tr.losses = ops.CrossEntropy(s, tr.net.Logits, tr.labels, config.Classes)
	tr.loss = op.Mean(s, tr.losses, tfgraph.Const(s, "axis", []int32{0}))
	for _, v := range tr.net.Variables {
		value, assign := ops.AssignFed(root, v)
		tr.values, tr.assigns = append(tr.values, value), append(tr.assigns, assign)
	}
	if r.optimizer != "" && r.gradients == nil {
		r.gradients = allGradients
	}
	if r.gradients != nil {
		tr.gradients = r.gradients(root, tr.loss, tr.net)
	}
	if r.optimizer != "" {
		tr.update = ops.NewUpdate(root, r.optimizer, tr.net.Variables, tr.gradients)
		for _, v := range tr.update.Slots {
			tr.zeros = append(tr.zeros, ops.Zeros(root, v))
		}
	}
	tr.session = open(t, root)
	return tr
}

// open closes the session when the test ends.
func open(t testing.TB, root *op.Scope) *tfgraph.Session {
	t.Helper()
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		t.Fatal(err)
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	return session
}

// batch feeds images and labels to every run from now on.
func (tr *harness) batch(t testing.TB, images parity.Tensor, labels []int32) {
	t.Helper()
	tr.inputs[tr.net.Images] = tensor(t, images.Data, images.Shape...)
	tr.inputs[tr.labels] = tensor(t, labels, int64(len(labels)))
}

// set assigns the i-th variable.
func (tr *harness) set(t testing.TB, i int, value []float32) {
	t.Helper()
	v := tr.net.Variables[i]
	tr.run(t, tfgraph.Feeds{tr.values[i]: tensor(t, value, v.Shape...)}, nil, tr.assigns[i])
}

// start initializes every variable, and the optimizer state to zero.
func (tr *harness) start(t testing.TB, weights [][]float32) {
	t.Helper()
	for i := range tr.net.Variables {
		tr.set(t, i, weights[i])
	}
	tr.run(t, nil, nil, tr.zeros...)
}

// run returns copies of the fetched tensors.
func (tr *harness) run(t testing.TB, feeds tfgraph.Feeds, fetches []tf.Output, targets ...*tf.Operation) []parity.Tensor {
	t.Helper()
	if len(fetches)+len(targets) == 0 {
		return nil
	}
	all := tfgraph.Feeds{}
	for _, group := range []tfgraph.Feeds{tr.inputs, feeds} {
		for output, value := range group {
			all[output] = value
		}
	}
	out, err := tr.session.Run(context.Background(), all, fetches, targets...)
	if err != nil {
		t.Fatal(err)
	}
	defer tfgraph.CloseAll(out)
	copies := make([]parity.Tensor, len(out))
	for i, o := range out {
		copies[i] = parity.Tensor{Shape: o.Shape(), Data: append([]float32(nil), tfgraph.Data[float32](o)...)}
	}
	return copies
}

type number interface {
	~bool | ~uint8 | ~int32 | ~int64 | ~float32 | ~float64
}

// tensor is closed when the test ends.
func tensor[T number](t testing.TB, values []T, shape ...int64) *tfgraph.Tensor {
	t.Helper()
	x, err := tfgraph.Of(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// randomWeights draws every variable of c with He's deviation (He et al. 2015,
// eq. 10), which keeps the scale of the activations through all layers.
func randomWeights(c alexnet.Config, seed uint64) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	var weights [][]float32
	for _, l := range c.Layers() {
		fan := l.Parameters() / l.Biases[0]
		deviation := math.Sqrt(2 / float64(fan))
		if l.Name == "fc8" { // keeps the logits near one, where the loss is not saturated
			deviation /= 100
		}
		weights = append(weights,
			normal(rng, int(l.Parameters()-l.Biases[0]), deviation), normal(rng, int(l.Biases[0]), 0.1))
	}
	return weights
}

func normal(rng *rand.Rand, n int, deviation float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.NormFloat64() * deviation)
	}
	return values
}

// randomImages have the scale of images minus the mean.
func randomImages(c alexnet.Config, n int, seed uint64) parity.Tensor {
	shape := []int64{int64(n), int64(c.Size), int64(c.Size), 3}
	return parity.Tensor{Shape: shape, Data: normal(rand.New(rand.NewPCG(seed, 1)), n*c.Size*c.Size*3, 60)}
}

// loadWeights reads a weights file in the order of the network's variables.
func loadWeights(t testing.TB, path string) [][]float32 {
	t.Helper()
	file, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var weights [][]float32
	for _, layer := range alexnet.BVLC.LayerNames() {
		w, b, ok := file.Lookup(layer)
		if !ok || w == nil || b == nil {
			t.Fatalf("weights file has no weights or no biases of %s", layer)
		}
		weights = append(weights, w.Data, b.Data)
	}
	return weights
}
