package train

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// The most images that are computed at once where nobody says: with a trained
// convolution, whose activations fill the memory, and without.
const (
	maxMicroBatchConv  = 128
	maxMicroBatchDense = 1024
)

// part is what is computed at once of a step's batch: all of it, or one of
// its micro-batches.
type microBatch struct {
	input.Batch[*tfgraph.Tensor]
	offset    int // place in the batch of the part's first image
	batchSize int // images of the batch
}

func (p microBatch) isBatch() bool { return len(p.Labels) == p.batchSize }
func (p microBatch) isLast() bool  { return p.offset+len(p.Labels) == p.batchSize }

// inParts settles how many images are computed at once, and has the training
// images come by so many.
func withMicroBatch(cfg Config, job Job) (Config, Job) {
	cfg.MicroBatch = cfg.microBatch(job.Network)
	if all := job.Data.Train; all != nil && all.Batch > 0 {
		cfg.MicroBatch = min(cfg.MicroBatch, all.Batch)
		some := *all
		some.Batch = cfg.MicroBatch
		job.Data.Train = &some
	}
	return cfg, job
}

// micro is MicroBatch, or else a size within bounds that the batch is a multiple
// of, if there is one that is not much smaller than it might be.
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

// parts yields the rest of the epoch's batches, each in its parts. A part never
// reaches over into the next batch: where the sizes would have it so, each batch
// begins a sequence of its own.
func (r *run) microBatches(ctx context.Context, order []int) iter.Seq2[microBatch, error] {
	return func(yield func(microBatch, error) bool) {
		for from, end := r.at.Index, 0; from < len(order); from = end {
			if end = len(order); r.cfg.Batch%r.cfg.MicroBatch != 0 {
				end = min(from+r.cfg.Batch, end)
			}
			for b, err := range r.train.batches(ctx, order[:end], from) {
				first := b.Start % r.cfg.Batch
				p := microBatch{Batch: b, offset: first, batchSize: min(r.cfg.Batch, len(order)-from-b.Start+first)}
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// parts are the nodes of a step in micro-batches. Where there is no such
// update, there are none.
type accumulation struct {
	sums    ops.Accumulator
	guard   ops.FiniteCheck
	update  *tf.Operation
	samples []sample // in the order of graph.samples
}

func (g *graph) buildAccumulation(root *op.Scope, cfg Config, grads []tf.Output) accumulation {
	p := accumulation{sums: ops.NewAccumulator(root, g.net.Trainable, grads)}
	sums := make([]tf.Output, len(p.sums.Sums))
	for i, v := range p.sums.Sums {
		sums[i] = v.Value
		p.samples = append(p.samples, g.samples[2*i], newSample(root, v.Name, v.Value, v.Elements()))
	}
	p.guard = ops.NewFiniteCheck(root.SubScope("guard_of_sums"), sums)
	p.update = g.update.WithGradients(root.SubScope("update_by_sums"), cfg.clip(root, p.guard, sums), p.guard.Pass)
	return p
}

// target is what a run does with the gradients of p.
func (g *graph) target(p microBatch) *tf.Operation {
	switch {
	case p.isBatch():
		return g.update.Op
	case p.offset == 0:
		return g.accumulation.sums.Start
	default:
		return g.accumulation.sums.Add
	}
}

// apply steps by what the parts of a batch have added up. The samples are read
// before, as nothing else would keep the step from coming first.
func (g *graph) apply(ctx context.Context, session *tfgraph.Session, cfg Config, done int64, sampled bool) (res result, err error) {
	if sampled {
		out, err := session.Run(ctx, nil, outputs(g.accumulation.samples))
		if err != nil {
			return res, fmt.Errorf("train step %d: %w", done+1, err)
		}
		res.samples = values(out)
		tfgraph.CloseAll(out)
	}
	f := g.feed(cfg, done)
	defer f.close()
	if f.err != nil {
		return res, f.err
	}
	out, err := session.Run(ctx, f.feeds, []tf.Output{g.accumulation.guard.HalfSquares}, g.accumulation.update)
	if err != nil {
		return res, fmt.Errorf("train step %d: %w", done+1, err)
	}
	defer tfgraph.CloseAll(out)
	res.squares = slices.Clone(tfgraph.Data[float32](out[0]))
	return res, nil
}

// add joins a part's result to those of the parts before. The last part ends the
// update, unless one was not finite, and the result is the batch's.
func (r *run) accumulate(ctx context.Context, p microBatch, res result, sampled bool) (result, error) {
	if p.offset > 0 {
		res.loss, res.correct = r.accumulated.loss+res.loss, r.accumulated.correct+res.correct
	}
	r.accumulated = res
	if !p.isLast() || !finite(res.loss) {
		return res, nil
	}
	applied, err := r.graph.apply(context.WithoutCancel(ctx), r.session, r.settings(), r.at.Step, sampled)
	res.squares, res.samples = applied.squares, applied.samples
	return res, err
}
