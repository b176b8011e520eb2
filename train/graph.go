package train

import (
	"context"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/checkpoint"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// graph is the backward half that a run adds to the network's forward one.
type graph struct {
	net          Network
	batchSize    tf.Output // float32 scalar, fed: images of the whole batch
	loss         tf.Output // float32 scalar: cross-entropy of what is fed, summed up, by images
	correct      tf.Output // float32 scalar: images of what is fed put into their class
	sums         tf.Output // float32 [len(net.Variables)]: of each variable's values, finite only if all of them are
	guard        ops.FiniteCheck
	update       ops.Update
	accumulation accumulation    // the step in micro-batches
	zeroOps      []*tf.Operation // start the step's slots
	saver        *checkpoint.Saver
	samples      []sample
	def          []byte
	dropSeed     int64
}

// sample is a tensor whose values go into a histogram.
type sample struct {
	tag    string
	values tf.Output
}

func newGraph(cfg Config, net Network) (*graph, error) {
	root := net.Root
	g := &graph{net: net, dropSeed: int64(cfg.Seed)}
	if root.Err() == nil {
		g.build(root, cfg)
	}
	var err error
	if g.def, err = tfgraph.GraphDef(root); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *graph) build(root *op.Scope, cfg Config) {
	s := root.SubScope("loss")
	g.batchSize = tfgraph.Placeholder(s, "images", tf.Float, tf.ScalarShape())
	g.loss = op.Div(s, op.Sum(s, g.net.Head.Losses, tfgraph.Const(s, "axis", []int32{0})), g.batchSize)
	first := ops.InTopK(s, g.net.Head.Probabilities, g.net.Head.Labels, 1)
	hits := root.SubScope("accuracy")
	g.correct = op.Sum(hits, op.Cast(hits, first, tf.Float), tfgraph.Const(hits, "axis", []int32{0}))
	grads := ops.Gradients(root, g.loss, g.net.Trainable, g.net.Tape)
	g.guard = ops.NewFiniteCheck(root.SubScope("guard"), grads, g.loss)
	g.update = ops.NewUpdate(root, cfg.Optimizer, g.net.Trainable, cfg.clip(root, g.guard, grads), g.guard.Pass)
	g.sums = variableSums(root.SubScope("sum"), g.net.Variables)
	for _, slot := range g.update.Slots {
		g.zeroOps = append(g.zeroOps, ops.Zeros(root, slot))
	}
	g.saver = checkpoint.NewSaver(root, slices.Concat(g.net.Variables, g.update.Slots))
	for i, v := range g.net.Trainable {
		g.samples = append(g.samples, newSample(root, v.Name, v.Value, v.Elements()))
		g.samples = append(g.samples, newSample(root, v.Name+"/gradient", grads[i], v.Elements()))
	}
	if cfg.MicroBatch < cfg.Batch {
		g.accumulation = g.buildAccumulation(root, cfg, grads)
	}
}

// clip keeps the gradients' norm within ClipNorm, where that is set.
func (c Config) clip(root *op.Scope, guard ops.FiniteCheck, grads []tf.Output) []tf.Output {
	if c.ClipNorm == 0 {
		return grads
	}
	return guard.Clip(root.SubScope("clip"), grads, float32(c.ClipNorm))
}

// sumsOf adds up the values of each of vars.
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

// damaged names the variables whose values are not all finite numbers.
func (g *graph) nonFinite(ctx context.Context, session *tfgraph.Session) ([]string, error) {
	out, err := session.Run(ctx, nil, []tf.Output{g.sums})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	return namesOf(g.net.Variables, nonFiniteIndexes(tfgraph.Data[float32](out[0]))), nil
}

// newSample adds at most some ten thousand evenly spread values of x: a histogram
// of all of fc6 would take longer than many steps.
func newSample(root *op.Scope, tag string, x tf.Output, elements int64) sample {
	const enough = 10_000
	s := root.SubScope("sample/" + tag)
	flat := op.Reshape(s, x, tfgraph.Const(s, "flat", []int32{-1}))
	stride := max(1, elements/enough)
	return sample{tag, op.StridedSlice(s, flat, tfgraph.Const(s, "begin", []int64{0}),
		tfgraph.Const(s, "end", []int64{elements}), tfgraph.Const(s, "stride", []int64{stride}))}
}

// result is what a step, or a part of its batch, found before anything
// changed. That of a batch is the sum of its parts'.
type result struct {
	loss    float64 // the part's share of the batch's mean
	correct int
	squares []float32   // ops.Guard's, of the batch's gradients
	samples [][]float32 // of graph.samples, where asked for
}

// step does one step, or with a part of the batch its part of one. The dropout
// mask follows from the seed and from done, the number of steps before it.
func (g *graph) step(ctx context.Context, session runner, cfg Config, feed tf.Output, p microBatch, done int64, sampled bool) (result, error) {
	f := g.feed(cfg, done)
	defer f.close()
	f.feeds[feed] = p.Images
	f.add(g.net.Head.Labels)(tfgraph.Of(p.Labels, int64(len(p.Labels))))
	f.add(g.batchSize)(tfgraph.Scalar(float32(p.batchSize)))
	if g.net.DropRate.Op != nil {
		f.add(g.net.DropRate)(tfgraph.Scalar(float32(cfg.Dropout)))
		f.add(g.net.DropSeed)(tfgraph.Of([]int64{g.dropSeed, done, int64(p.offset)}, 3))
	}
	if f.err != nil {
		return result{}, f.err
	}
	fetches := []tf.Output{g.loss, g.correct}
	if p.isBatch() {
		fetches = append(fetches, g.guard.HalfSquares)
	}
	if sampled && p.isBatch() {
		fetches = append(fetches, outputs(g.samples)...)
	}
	out, err := session.Run(ctx, f.feeds, fetches, g.target(p))
	if err != nil {
		return result{}, fmt.Errorf("train step %d: %w", done+1, err)
	}
	defer tfgraph.CloseAll(out)
	res := result{loss: float64(tfgraph.Data[float32](out[0])[0]), correct: int(tfgraph.Data[float32](out[1])[0])}
	if more := values(out[2:]); p.isBatch() {
		res.squares, res.samples = more[0], more[1:]
	}
	return res, nil
}

func outputs(samples []sample) (all []tf.Output) {
	for _, s := range samples {
		all = append(all, s.values)
	}
	return all
}

func values(ts []*tfgraph.Tensor) (all [][]float32) {
	for _, t := range ts {
		all = append(all, slices.Clone(tfgraph.Data[float32](t)))
	}
	return all
}

// feed is what every step is fed.
func (g *graph) feed(cfg Config, done int64) *feeder {
	f := &feeder{feeds: tfgraph.Feeds{}}
	f.add(g.update.LearningRate)(tfgraph.Scalar(float32(cfg.LearningRate)))
	f.add(g.update.Step)(tfgraph.Scalar(done))
	return f
}

// feeder collects small tensors and the first error among them.
type feeder struct {
	feeds tfgraph.Feeds
	own   []*tfgraph.Tensor
	err   error
}

func (f *feeder) add(o tf.Output) func(*tfgraph.Tensor, error) {
	return func(t *tfgraph.Tensor, err error) {
		if err != nil {
			f.err = err
			return
		}
		f.feeds[o] = t
		f.own = append(f.own, t)
	}
}

func (f *feeder) close() { tfgraph.CloseAll(f.own) }

// startSlots sets the optimizer's state to zero.
func (g *graph) zeroSlots(ctx context.Context, session *tfgraph.Session) error {
	if len(g.zeroOps) == 0 {
		return nil
	}
	_, err := session.Run(ctx, nil, nil, g.zeroOps...)
	return err
}
