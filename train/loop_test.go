package train_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Red from blue is easy: the loss falls far below that of a guess, ln 2.
func TestRunLearns(t *testing.T) {
	s := newFixture(t, 24, 10)
	cfg := train.Config{Epochs: 8, Batch: 8, LearningRate: 1e-3, Optimizer: ops.Adam, Seed: 3, DisplayEvery: 1}
	job := s.job(t, cfg, t.TempDir(), nil)
	var epochs []train.EpochResult
	var steps []train.StepResult
	observe(&job).onEpoch = func(e train.EpochResult) { epochs = append(epochs, e) }
	observe(&job).onStep = func(st train.StepResult) { steps = append(steps, st) }
	must(t, runJob(context.Background(), cfg, job))

	if len(epochs) != 9 || len(steps) != 24 {
		t.Fatalf("got %d epochs and %d steps told, want 9, the one before the first included, and 24", len(epochs), len(steps))
	}
	last := epochs[8]
	if last.Loss > .2 || last.Accuracy < .9 || last.Validation.Loss > .2 || last.Validation.Accuracy < .9 {
		t.Errorf("got loss %v, accuracy %v, validation %v, %v, want a loss below 0.2",
			last.Loss, last.Accuracy, last.Validation.Loss, last.Validation.Accuracy)
	}
	if epochs[0].Validation.Loss < .3 {
		t.Errorf("got loss %v before the first step, want about that of a guess", epochs[0].Validation.Loss)
	}
	for i, st := range steps {
		if st.Step != int64(i+1) || st.Epoch != i/3+1 || st.Epochs != 8 || st.Done != i%3*8+8 || st.Of != 24 {
			t.Errorf("step %d: got %+v", i+1, st)
		}
	}
	c, err := classify.Open(context.Background(), job.Dir, classify.Options{})
	must(t, err)
	defer c.Close()
	r, err := c.Evaluate(context.Background(), s.val, 4)
	must(t, err)
	if m := c.Source.Checkpoint.Metrics; r.Accuracy != m.Accuracy || math.Abs(r.Loss-m.Loss) > 1e-5 || r.Count != m.Count {
		t.Errorf("the best checkpoint evaluates to %v, %v of %d, want %+v as when it was saved", r.Accuracy, r.Loss, r.Count, m)
	}
}

// One step is the initial values minus the learning rate times the gradient,
// worked out apart from the loop.
func TestFirstStep(t *testing.T) {
	s := newFixture(t, 6, 0)
	cfg := train.Config{Epochs: 1, Batch: 6, LearningRate: .01, Optimizer: ops.GradientDescent, Seed: 5, DisplayEvery: 1}
	dir := s.run(t, cfg)
	got := s.variables(t, train.Checkpoints(dir).Prefix(newest(t, dir)))
	start, gradients := s.startAndGradients(t, cfg)
	moved := 0
	for name, first := range start {
		for i, w := range first {
			step := float32(cfg.LearningRate) * gradients[name][i]
			bound := 1e-7*math.Abs(float64(w)) + 1e-5*math.Abs(float64(step)) // the last bits of a sum differ from run to run
			if g := got[name][i]; math.Abs(float64(g)-(float64(w)-float64(step))) > bound {
				t.Fatalf("%s[%d]: got %v, want %v - %v", name, i, g, w, step)
			}
			if step != 0 {
				moved++
			}
		}
	}
	if moved < 1000 {
		t.Errorf("got %d values with a gradient, want thousands", moved)
	}
}

// startAndGradients are the initial values of a run and the gradients of its first
// batch, in a graph without a step.
func (s *fixture) startAndGradients(t testing.TB, cfg train.Config) (start, gradients map[string][]float32) {
	t.Helper()
	root := op.NewScope()
	net := alexnet.Build(root, s.network)
	head := eval.NewHead(root, net.Images, net.Logits, s.network.Classes)
	grads := ops.Gradients(root, op.Mean(root.SubScope("loss"), head.Losses, tfgraph.Const(root, "loss_axis", []int32{0})), net.Variables, net.Tape)
	plan, err := alexnet.NewPlan(s.network, nil, alexnet.Selection{Train: alexnet.BVLC.LayerNames()})
	must(t, err)
	starter := plan.Initializer(root, net, cfg.Seed)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	defer session.Close()
	must(t, starter(context.Background(), session))
	start, gradients = map[string][]float32{}, map[string][]float32{}
	order := input.Shuffled(len(s.train), cfg.Seed, 0)
	for batch, err := range s.decoder.Loader(s.train, cfg.Batch).Batches(context.Background(), order) {
		must(t, err)
		defer batch.Images.Close()
		labels, err := tfgraph.Of(batch.Labels, int64(len(batch.Labels)))
		must(t, err)
		defer labels.Close()
		for i, v := range net.Variables {
			start[v.Name] = fetch(t, session, nil, v.Value)
			gradients[v.Name] = fetch(t, session, tfgraph.Feeds{head.Images: batch.Images, head.Labels: labels}, grads[i])
		}
	}
	return start, gradients
}

func TestRunIsAFunctionOfItsSeed(t *testing.T) {
	s := newFixture(t, 10, 4)
	cfg := train.Config{Epochs: 2, Batch: 4, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, DisplayEvery: 2}
	one, same := s.run(t, cfg), s.run(t, cfg)
	if !bytes.Equal(bundle(t, one), bundle(t, same)) {
		t.Error("two runs of one seed differ in their last checkpoint")
	}
	if a, b := metrics(t, one), metrics(t, same); !slices.EqualFunc(a, b, slices.Equal) {
		t.Errorf("two runs of one seed differ in their metrics: %v and %v", a, b)
	}
	cfg.Seed = 8
	if other := s.run(t, cfg); bytes.Equal(bundle(t, one), bundle(t, other)) {
		t.Error("two seeds give one checkpoint")
	}
}

func TestRunKeepsFrozenLayers(t *testing.T) {
	s := newFixture(t, 6, 0)
	s.layers = []string{"fc7", "fc8"}
	cfg := train.Config{Epochs: 2, Batch: 3, LearningRate: .01, Optimizer: ops.Momentum, Dropout: .5, Seed: 5, DisplayEvery: 1}
	dir := s.run(t, cfg)
	got := s.variables(t, train.Checkpoints(dir).Prefix(newest(t, dir)))
	start, _ := s.startAndGradients(t, cfg)
	for i, name := range slices.Repeat(alexnet.BVLC.LayerNames(), 2) {
		name += [2]string{"/weights", "/biases"}[i/8]
		frozen := i%8 < 6
		if same := slices.Equal(got[name], start[name]); same != frozen {
			t.Errorf("%s: got unchanged %v, want %v", name, same, frozen)
		}
	}
}

func TestRunKeepsCheckpoints(t *testing.T) {
	s := newFixture(t, 4, 0)
	cfg := train.Config{Epochs: 4, Batch: 4, LearningRate: 1e-3, Optimizer: ops.GradientDescent, Keep: 2, DisplayEvery: 1}
	if got, want := names(t, s.run(t, cfg)), []string{"model_epoch3.ckpt", "model_epoch4.ckpt"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// An epoch's time is that of its training, without validation.
func TestEpochTimeIsThatOfTraining(t *testing.T) {
	s := newFixture(t, 2, 1)
	cfg := train.Config{Epochs: 1, Batch: 2, LearningRate: 1e-3, Optimizer: ops.GradientDescent, DisplayEvery: 1}
	job := s.job(t, cfg, t.TempDir(), nil)
	var clock atomic.Int64 // seconds
	tick := func(l *input.Loader[*tfgraph.Tensor], seconds int64) {
		decode := l.Decode
		l.Decode = func(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
			clock.Add(seconds)
			return decode(ctx, encoded, ex, draw, into)
		}
	}
	tick(job.Data.Train, 2)
	tick(job.Data.Val, 1000)
	var epoch train.EpochResult
	observe(&job).onEpoch = func(e train.EpochResult) { epoch = e }
	trainer, err := train.Prepare(t.Context(), cfg, job)
	must(t, err)
	train.SetClock(trainer, func() time.Time { return time.Unix(clock.Load(), 0) })
	must(t, errors.Join(trainer.Run(t.Context(), nil), trainer.Close()))
	if epoch.Seconds != 4 || epoch.ImagesPerSecond != .5 {
		t.Errorf("got %v s and %v images/s, want 4 and 0.5", epoch.Seconds, epoch.ImagesPerSecond)
	}
}
