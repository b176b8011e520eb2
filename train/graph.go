package train

import (
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/checkpoint"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// graph is the backward half that training adds to the network's forward pass.
type graph struct {
	net          Network
	batchSize    tf.Output // float32 scalar, fed: images of the whole batch
	loss         tf.Output // float32 scalar: summed cross-entropy of the images fed, by batchSize
	correct      tf.Output // float32 scalar: images fed whose predicted class is right
	sums         tf.Output // float32 [len(net.Variables)]: of each variable's values, finite only if all of them are
	guard        ops.FiniteCheck
	update       ops.Update
	accumulation accumulation    // where a batch is computed in micro-batches
	zeroSlots    []*tf.Operation // initialize the optimizer state
	saver        *checkpoint.Saver
	samples      []sample
	def          []byte
}

// accumulation are the nodes of a step in micro-batches.
type accumulation struct {
	sums    ops.Accumulator
	guard   ops.FiniteCheck
	update  *tf.Operation
	samples []sample // in the order of graph.samples
}

// sample is a tensor whose values go into a histogram.
type sample struct {
	tag    string
	values tf.Output
}

func newGraph(cfg Config, net Network, accumulate bool) (*graph, error) {
	root := net.Root
	g := &graph{net: net}
	if root.Err() == nil {
		g.build(root, cfg, accumulate)
	}
	var err error
	if g.def, err = tfgraph.GraphDef(root); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *graph) build(root *op.Scope, cfg Config, accumulate bool) {
	s := root.SubScope("loss")
	g.batchSize = tfgraph.Placeholder(s, "batch_size", tf.Float, tf.ScalarShape())
	g.loss = op.Div(s, op.Sum(s, g.net.Head.Losses, tfgraph.Const(s, "axis", []int32{0})), g.batchSize)
	hits := root.SubScope("accuracy")
	first := ops.InTopK(s, g.net.Head.Probabilities, g.net.Head.Labels, 1)
	g.correct = op.Sum(hits, op.Cast(hits, first, tf.Float), tfgraph.Const(hits, "axis", []int32{0}))
	grads := ops.Gradients(root, g.loss, g.net.Trainable, g.net.Tape)
	g.guard = ops.NewFiniteCheck(root.SubScope("guard"), grads, g.loss)
	g.update = ops.NewUpdate(root, cfg.Optimizer, g.net.Trainable, cfg.clip(root, g.guard, grads), g.guard.Pass)
	g.sums = variableSums(root.SubScope("sum"), g.net.Variables)
	for _, slot := range g.update.Slots {
		g.zeroSlots = append(g.zeroSlots, ops.Zeros(root, slot))
	}
	g.saver = checkpoint.NewSaver(root, slices.Concat(g.net.Variables, g.update.Slots))
	for i, v := range g.net.Trainable {
		g.samples = append(g.samples, newSample(root, v.Name, v.Value, v.Elements()))
		g.samples = append(g.samples, newSample(root, v.Name+"/gradient", grads[i], v.Elements()))
	}
	if accumulate {
		g.accumulation = g.buildAccumulation(root, cfg, grads)
	}
}

func (g *graph) buildAccumulation(root *op.Scope, cfg Config, grads []tf.Output) accumulation {
	a := accumulation{sums: ops.NewAccumulator(root, g.net.Trainable, grads)}
	sums := make([]tf.Output, len(a.sums.Sums))
	for i, v := range a.sums.Sums {
		sums[i] = v.Value
		a.samples = append(a.samples, g.samples[2*i], newSample(root, v.Name, v.Value, v.Elements()))
	}
	a.guard = ops.NewFiniteCheck(root.SubScope("guard_of_sums"), sums)
	a.update = g.update.WithGradients(root.SubScope("update_by_sums"), cfg.clip(root, a.guard, sums), a.guard.Pass)
	return a
}

// clip bounds the gradients' global norm by ClipNorm, where that is set.
func (c Config) clip(root *op.Scope, guard ops.FiniteCheck, grads []tf.Output) []tf.Output {
	if c.ClipNorm == 0 {
		return grads
	}
	return guard.Clip(root.SubScope("clip"), grads, float32(c.ClipNorm))
}

// variableSums adds up the values of each of vars.
func variableSums(s *op.Scope, vars []ops.Variable) tf.Output {
	sums := make([]tf.Output, len(vars))
	for i, v := range vars {
		flat := op.Reshape(s.SubScope(v.Name), v.Value, tfgraph.Const(s, v.Name+"/flat", []int32{-1}))
		sums[i] = op.Sum(s.SubScope(v.Name), flat, tfgraph.Const(s, v.Name+"/axis", []int32{0}))
	}
	if s.Err() != nil {
		return tf.Output{}
	}
	return op.Pack(s, sums)
}

// newSample takes about ten thousand evenly spaced values of x: a histogram of all
// of fc6 would take longer than many steps.
func newSample(root *op.Scope, tag string, x tf.Output, elements int64) sample {
	const most = 10_000
	s := root.SubScope("sample/" + tag)
	flat := op.Reshape(s, x, tfgraph.Const(s, "flat", []int32{-1}))
	stride := max(1, elements/most)
	return sample{tag, op.StridedSlice(s, flat, tfgraph.Const(s, "begin", []int64{0}),
		tfgraph.Const(s, "end", []int64{elements}), tfgraph.Const(s, "stride", []int64{stride}))}
}

func outputsOf(samples []sample) (all []tf.Output) {
	for _, s := range samples {
		all = append(all, s.values)
	}
	return all
}
