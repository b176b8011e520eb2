package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/tfgraph"
	"alexnet/train"
)

// real is a training run, shared by all kinds of training work.
type real struct {
	task   task
	root   *op.Scope
	net    *alexnet.Network
	loader *input.Loader[*tfgraph.Tensor]
	job    train.Job
}

// newReal opens the dataset and builds the network. The caller closes the decoder.
func newReal(t task, trained ...string) (*real, *alexnet.Decoder, error) {
	preprocessing := t.Network.Preprocessing(alexnet.Squash, true, t.Classes)
	decoder, err := alexnet.NewDecoder(preprocessing, tfgraph.Options{})
	if err != nil {
		return nil, nil, err
	}
	examples, err := t.examples()
	if err != nil {
		return nil, nil, err
	}
	r := &real{task: t, root: op.NewScope(), loader: decoder.Loader(examples, t.Batch)}
	r.net = alexnet.Build(r.root, t.Network, alexnet.BVLC.LayerNames()...)
	plan, err := alexnet.NewPlan(r.net.Config, nil, alexnet.Selection{Train: alexnet.BVLC.LayerNames()})
	if err != nil {
		return nil, nil, err
	}
	r.job = train.Job{
		Dir: t.Dir, Data: train.Dataset{Train: r.loader, Classes: t.Classes}, Start: plan.Initializer(r.root, r.net, 1),
		Network: train.Network{
			Root: r.root, Head: eval.NewHead(r.root, r.net.Images, r.net.Logits, r.net.Config.Classes), Tape: r.net.Tape,
			Variables: r.net.Variables, Trainable: r.net.VariablesOf(trained), DropoutRate: r.net.DropoutRate, DropoutSeed: r.net.DropoutSeed,
		},
	}
	return r, decoder, nil
}

// examples returns Rows training images, starting over from the first if there are fewer.
func (t task) examples() ([]input.Example, error) {
	images := t.Train[:min(t.Rows, len(t.Train))]
	paths := make([]string, len(images))
	for i, p := range images {
		paths[i] = p.Path
	}
	examples, problems := input.FindImages(paths, nil, input.Options{})
	if len(problems) > 0 {
		return nil, fmt.Errorf("open images: %v", problems[0])
	}
	for i := range examples {
		examples[i].Label = images[i].Label
	}
	return slices.Repeat(examples, 1+t.Rows/len(examples))[:t.Rows], nil
}

func (r *real) run(ctx context.Context) error {
	cfg := train.Config{Epochs: 1, Dropout: 0.5, Batch: r.task.Batch, LearningRate: 1e-6, DisplayEvery: 1 << 30}
	trainer, err := train.Prepare(ctx, cfg.WithDefaults(), r.job)
	if err != nil {
		return err
	}
	if bad := trainer.Undecodable(); len(bad) > 0 {
		return errors.Join(fmt.Errorf("decode image: %v", bad[0]), trainer.Close())
	}
	return errors.Join(trainer.Run(ctx, nil), trainer.Close())
}

// observer calls the functions that are not nil.
type observer struct {
	onCache func(train.CacheProgress)
	onStep  func()
	onEpoch func()
}

func (o observer) Cache(p train.CacheProgress) {
	if o.onCache != nil {
		o.onCache(p)
	}
}

func (o observer) Step(train.StepResult) {
	if o.onStep != nil {
		o.onStep()
	}
}

func (observer) Note(string)                                 {}
func (observer) Validation() eval.Observer                   { return nil }
func (observer) Summaries(context.Context, train.View) error { return nil }

func (o observer) Epoch(train.EpochResult) {
	if o.onEpoch != nil {
		o.onEpoch()
	}
}

// trainSteps is a training run that pauses between steps. Unless decoding is measured, each image is a copy of the same
// values: pixels, or features in place of pixels.
func trainSteps(ctx context.Context, kind string, t task, turns *turns) error {
	trained := alexnet.BVLC.DefaultTrainable(true)
	if kind == kindAll {
		trained = alexnet.BVLC.LayerNames()
	}
	r, decoder, err := newReal(t, trained...)
	if err != nil {
		return err
	}
	defer decoder.Close()
	if kind != kindDecode {
		same := pattern(t.Network.Size * t.Network.Size * 3)
		r.loader.Decode = func(_ context.Context, _ []byte, _ input.Example, _ uint64, into []float32) error {
			copy(into, same)
			return nil
		}
	}
	if kind == kindHead {
		if err := r.fromFeatures(); err != nil {
			return err
		}
	}
	r.job.Observer = observer{onStep: func() { turns.done() }, onEpoch: func() { turns.wait() }}
	return r.run(ctx)
}

// pattern returns values in the range of pixels.
func pattern(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i%255) - 127
	}
	return values
}

// fromFeatures feeds the input of fc6 in place of images.
func (r *real) fromFeatures() error {
	boundary, ok := r.net.Boundary(alexnet.BVLC.DefaultTrainable(true))
	shape, err := boundary.Shape().ToSlice()
	if !ok || err != nil {
		return fmt.Errorf("find the input of fc6: got shape %v, want a known one", boundary.Shape())
	}
	r.job.Network.Head.Images = boundary
	r.loader.Alloc = func(rows int) (*tfgraph.Tensor, error) {
		return tfgraph.Allocate(tf.Float, append([]int64{int64(rows)}, shape[1:]...)...)
	}
	return nil
}

// fill is the first pass of a training run, which computes the frozen layers.
func fill(ctx context.Context, t task, turns *turns) error {
	r, decoder, err := newReal(t, alexnet.BVLC.DefaultTrainable(true)...)
	if err != nil {
		return err
	}
	defer decoder.Close()
	r.job.Network.Boundary, _ = r.net.Boundary(alexnet.BVLC.DefaultTrainable(true))
	r.job.Cache.Budget = 1 << 40 // in memory
	done := 0
	r.job.Observer = observer{onCache: func(f train.CacheProgress) {
		if f.Done == 0 {
			turns.wait()
		}
		for ; done+t.Batch <= f.Done; done += t.Batch {
			turns.done()
		}
	}}
	return r.run(ctx)
}
