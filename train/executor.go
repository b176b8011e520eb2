package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/checkpoint"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// executor computes steps in a session. It does not choose the order of images or act on results.
type executor struct {
	graph      *graph
	session    *tfgraph.Session
	microBatch int // most images computed at once
	seed       int64
	dropout    float32

	// trace, if not nil, is given the time of each operation of step tracedStep, as a serialized RunMetadata.
	trace func(metadata []byte) error
}

// tracedStep is not the first, in which kernels are still being prepared.
const tracedStep = 2

func newExecutor(cfg Config, job Job) (e *executor, err error) {
	e = &executor{microBatch: cfg.microBatch(job.Network), seed: int64(cfg.Seed), dropout: float32(cfg.Dropout)}
	if e.graph, err = newGraph(cfg, job.Network, e.microBatch < cfg.Batch); err != nil {
		return nil, err
	}
	e.session, err = tfgraph.Open(e.graph.def, job.Session)
	return e, err
}

func (e *executor) close() error { return e.session.Close() }

// The most images that are computed at once by default: with a trainable
// convolution, whose activations fill the memory, and without.
const (
	maxMicroBatchConv  = 128
	maxMicroBatchDense = 1024
)

// microBatch is MicroBatch, else the largest divisor of Batch between half the bound and the bound, else the bound.
func (c Config) microBatch(n Network) int {
	most := maxMicroBatchDense
	for _, v := range n.Trainable {
		if len(v.Shape) == 4 {
			most = maxMicroBatchConv
		}
	}
	if c.MicroBatch != 0 || c.Batch <= most {
		return min(cmp.Or(c.MicroBatch, c.Batch), c.Batch)
	}
	for m := most; m > most/2; m-- {
		if c.Batch%m == 0 {
			return m
		}
	}
	return most
}

// initialize gives every variable its initial value and resets the optimizer state.
func (e *executor) initialize(ctx context.Context, start func(context.Context, *tfgraph.Session) error) error {
	if len(e.graph.zeroSlots) > 0 {
		if _, err := e.session.Run(ctx, nil, nil, e.graph.zeroSlots...); err != nil {
			return err
		}
	}
	return start(ctx, e.session)
}

func (e *executor) restore(ctx context.Context, prefix string) error {
	return e.graph.saver.Restore(ctx, e.session, prefix)
}

func (e *executor) save(ctx context.Context, dir checkpoint.Dir, m checkpoint.Meta, keep int) error {
	return dir.Save(ctx, e.session, e.graph.saver, m, keep)
}

// stepResult is what a step computes before it changes any variable.
type stepResult struct {
	loss    float64 // mean over the batch
	correct int
	squares []float32   // of the gradients: ops.FiniteCheck.HalfSquares
	samples [][]float32 // of graph.samples, where asked for
}

// finite reports whether loss, gradients and their global norm are finite.
func (r stepResult) finite() bool {
	sum := float32(0)
	for _, s := range r.squares {
		sum += s
	}
	return finite(r.loss) && finite(float64(sum))
}

// Step does one optimizer step on a batch, after done others; the graph skips the update where the result is not
// finite. The dropout masks follow from the seed, done and an image's place in the batch. A run on the graph is not
// interrupted; between two micro-batches the end of ctx abandons the step.
func (e *executor) Step(ctx context.Context, b batch, done int64, learningRate float64, sampled bool) (sum stepResult, err error) {
	for m, err := range b.microBatches() {
		if err != nil {
			return stepResult{}, err
		}
		r, err := e.forwardBackward(context.WithoutCancel(ctx), m, b.feed, done, learningRate, sampled)
		m.Images.Close()
		if err != nil {
			return stepResult{}, fmt.Errorf("train step %d: %w", done+1, err)
		}
		if m.isBatch() {
			return r, nil
		}
		sum.loss, sum.correct = sum.loss+r.loss, sum.correct+r.correct
		if !m.isLast() && ctx.Err() != nil {
			return stepResult{}, ctx.Err()
		}
	}
	if !finite(sum.loss) {
		return sum, nil
	}
	if sum.squares, sum.samples, err = e.applySums(context.WithoutCancel(ctx), done, learningRate, sampled); err != nil {
		err = fmt.Errorf("train step %d: %w", done+1, err)
	}
	return sum, err
}

// forwardBackward computes a micro-batch and adds up its gradients, or where it is
// the whole batch, updates the variables.
func (e *executor) forwardBackward(ctx context.Context, m microBatch, feed tf.Output, done int64, learningRate float64, sampled bool) (stepResult, error) {
	g := e.graph
	f := g.feed(done, learningRate)
	defer f.close()
	f.feeds[feed] = m.Images
	f.add(g.net.Head.Labels)(tfgraph.Of(m.Labels, int64(len(m.Labels))))
	f.add(g.batchSize)(tfgraph.Scalar(float32(m.batchSize)))
	if g.net.DropoutRate.Op != nil {
		f.add(g.net.DropoutRate)(tfgraph.Scalar(e.dropout))
		f.add(g.net.DropoutSeed)(tfgraph.Of([]int64{e.seed, done, int64(m.offset)}, 3))
	}
	if f.err != nil {
		return stepResult{}, f.err
	}
	fetches, target := []tf.Output{g.loss, g.correct}, g.accumulation.sums.Add
	switch {
	case m.isBatch():
		fetches, target = append(fetches, g.guard.HalfSquares), g.update.Op
		if sampled {
			fetches = append(fetches, outputsOf(g.samples)...)
		}
	case m.offset == 0:
		target = g.accumulation.sums.Start
	}
	out, err := e.run(ctx, done+1 == tracedStep && m.offset == 0, f.feeds, fetches, target)
	if err != nil {
		return stepResult{}, err
	}
	defer tfgraph.CloseAll(out)
	r := stepResult{loss: float64(tfgraph.Data[float32](out[0])[0]), correct: int(tfgraph.Data[float32](out[1])[0])}
	if more := floatsOf(out[2:]); m.isBatch() {
		r.squares, r.samples = more[0], more[1:]
	}
	return r, nil
}

// run runs the graph, and traces that where it is asked to.
func (e *executor) run(ctx context.Context, traced bool, feeds tfgraph.Feeds, fetches []tf.Output, target *tf.Operation) ([]*tfgraph.Tensor, error) {
	if !traced || e.trace == nil {
		return e.session.Run(ctx, feeds, fetches, target)
	}
	out, metadata, err := e.session.Trace(ctx, feeds, fetches, target)
	if err == nil {
		err = e.trace(metadata)
	}
	if err != nil {
		tfgraph.CloseAll(out)
		return nil, err
	}
	return out, nil
}

// applySums updates the variables by the gradients that the micro-batches of a batch have added up. The samples are
// read before: otherwise the update could run first.
func (e *executor) applySums(ctx context.Context, done int64, learningRate float64, sampled bool) (squares []float32, samples [][]float32, err error) {
	a := e.graph.accumulation
	if sampled {
		out, err := e.session.Run(ctx, nil, outputsOf(a.samples))
		if err != nil {
			return nil, nil, err
		}
		samples = floatsOf(out)
		tfgraph.CloseAll(out)
	}
	f := e.graph.feed(done, learningRate)
	defer f.close()
	if f.err != nil {
		return nil, nil, f.err
	}
	out, err := e.session.Run(ctx, f.feeds, []tf.Output{a.guard.HalfSquares}, a.update)
	if err != nil {
		return nil, nil, err
	}
	defer tfgraph.CloseAll(out)
	return floatsOf(out)[0], samples, nil
}

// nonFinite names the variables whose values are not all finite.
func (e *executor) nonFinite(ctx context.Context) ([]string, error) {
	out, err := e.session.Run(ctx, nil, []tf.Output{e.graph.sums})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	return namesOf(e.graph.net.Variables, nonFiniteIndexes(tfgraph.Data[float32](out[0]))), nil
}

func namesOf(vars []ops.Variable, indexes []int) (names []string) {
	for _, i := range indexes {
		names = append(names, vars[i].Name)
	}
	return names
}

func floatsOf(ts []*tfgraph.Tensor) (all [][]float32) {
	for _, t := range ts {
		all = append(all, slices.Clone(tfgraph.Data[float32](t)))
	}
	return all
}

// feeder collects small tensors to feed.
type feeder struct {
	feeds tfgraph.Feeds
	own   []*tfgraph.Tensor
	err   error
}

// feed starts with the inputs of every update.
func (g *graph) feed(done int64, learningRate float64) *feeder {
	f := &feeder{feeds: tfgraph.Feeds{}}
	f.add(g.update.LearningRate)(tfgraph.Scalar(float32(learningRate)))
	f.add(g.update.Step)(tfgraph.Scalar(done))
	return f
}

func (f *feeder) add(o tf.Output) func(*tfgraph.Tensor, error) {
	return func(t *tfgraph.Tensor, err error) {
		if err != nil {
			f.err = errors.Join(f.err, err)
			return
		}
		f.feeds[o] = t
		f.own = append(f.own, t)
	}
}

func (f *feeder) close() { tfgraph.CloseAll(f.own) }
