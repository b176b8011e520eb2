package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// poisoned is the place of an image that makes gradients NaN: its pixels are,
// and rectifiers that turn NaN into 0 leave the loss finite.
const poisoned = 4

// poison makes the image non-finite while it is due.
func (s *fixture) poison(job *train.Job, due func() bool) {
	path, decode := s.train[poisoned].Path, job.Data.Train.Decode
	job.Data.Train.Decode = func(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
		err := decode(ctx, encoded, ex, draw, into)
		if ex.Path == path && due() {
			for i := range into {
				into[i] = float32(math.NaN())
			}
		}
		return err
	}
}

func always() bool { return true }

// poisonedStep is the step of the epoch, from 0, that meets the image.
func poisonedStep(cfg train.Config, images, epoch int) int {
	return slices.Index(input.Shuffled(images, cfg.Seed, epoch), input.Pick{Example: poisoned}) / cfg.Batch
}

// A gradient that is non-finite ends the run at once and says of which layer and
// which images, though the loss is a number; the checkpoint before stays.
func TestNonFiniteGradientStops(t *testing.T) {
	s := newFixture(t, 9, 0)
	dir := s.run(t, simple)
	good := bundle(t, dir)
	cfg := simple
	cfg.Epochs = 2
	job := s.job(t, cfg, dir, latest(t, dir))
	s.poison(&job, always)
	var notes []string
	observe(&job).onNote = func(text string) { notes = append(notes, text) }
	err := runJob(context.Background(), cfg, job)
	var diverged *train.NonFiniteError
	if !errors.As(err, &diverged) {
		t.Fatalf("got %v, want a NonFiniteError", err)
	}
	k := poisonedStep(cfg, 9, 1)
	if diverged.Step != int64(3+k+1) || diverged.Epoch != 2 || math.IsNaN(diverged.Loss) {
		t.Errorf("got %+v, want step %d of epoch 2 with a loss", diverged, 3+k+1)
	}
	if !slices.Contains(diverged.Variables, "conv1/weights") || slices.Contains(diverged.Variables, "fc8/weights") {
		t.Errorf("got %v, want conv1's weights and not fc8's", diverged.Variables)
	}
	last := diverged.Variables[len(diverged.Variables)-1]
	if !strings.Contains(err.Error(), "a non-finite gradient in "+last) {
		t.Errorf("got %q, want it to name %s", err, last)
	}
	for i, place := range input.Shuffled(9, cfg.Seed, 1)[3*k : 3*k+3] {
		if path := s.train[place.Example].Path; diverged.Images[i] != path || !strings.Contains(notes[0], path) {
			t.Errorf("image %d: got %q and %q, want %q", i, diverged.Images[i], notes, path)
		}
	}
	if !slices.Equal(names(t, dir), []string{"model_epoch1.ckpt"}) || !bytes.Equal(bundle(t, dir), good) {
		t.Errorf("got %v, want epoch 1's checkpoint as it was", names(t, dir))
	}
}

// Every way that the hint names can be gone: with a checkpoint, another rate takes
// another run.
func TestDivergedHint(t *testing.T) {
	for _, c := range []struct {
		e    train.NonFiniteError
		want string
	}{
		{train.NonFiniteError{}, "try --lr 1e-03, --clip-norm 1 or --on-nan lower-lr"},
		{train.NonFiniteError{RetriesExhausted: true}, "try --lr 1e-03 or --clip-norm 1"},
		{train.NonFiniteError{Checkpoint: "run/c"}, "start a new run in another --out with --lr 1e-03 or --clip-norm 1, or resume from run/c with --resume --on-nan lower-lr"},
		{train.NonFiniteError{Checkpoint: "run/c", RetriesExhausted: true}, "start a new run in another --out with --lr 1e-03 or --clip-norm 1; the last good checkpoint is run/c"},
	} {
		c.e.LearningRate = 1e-2
		if got := c.e.Hint(); got != "training diverges: "+c.want {
			t.Errorf("got hint %q, want it to end in %q", got, c.want)
		}
	}
}

// Of a large batch the note names ten images and counts the rest.
func TestNonFiniteGradientNamesTenImages(t *testing.T) {
	s := newFixture(t, 12, 0)
	cfg := simple
	cfg.Batch = 12
	job := s.job(t, cfg, t.TempDir(), nil)
	s.poison(&job, always)
	var note string
	observe(&job).onNote = func(text string) { note = text }
	var diverged *train.NonFiniteError
	if err := runJob(context.Background(), cfg, job); !errors.As(err, &diverged) || len(diverged.Images) != 12 {
		t.Fatalf("got %v, want a NonFiniteError with 12 images", err)
	}
	if want := strings.Join(diverged.Images[:10], ", ") + ", and 2 more"; !strings.HasSuffix(note, want) {
		t.Errorf("got note %q, want it to end in %q", note, want)
	}
}

// Non-finite initial values are reported before anything is computed.
func TestNonFiniteInitialValueStops(t *testing.T) {
	s := newFixture(t, 3, 0)
	job := s.job(t, simple, t.TempDir(), nil)
	v := job.Network.Variables[4] // conv3's
	value, assign := ops.AssignFed(job.Network.Root, v)
	start := job.Start
	job.Start = func(ctx context.Context, session *tfgraph.Session) error {
		must(t, start(ctx, session))
		values := make([]float32, v.Elements())
		values[7] = float32(math.NaN())
		bad, err := tfgraph.Of(values, v.Shape...)
		must(t, err)
		defer bad.Close()
		_, err = session.Run(ctx, tfgraph.Feeds{value: bad}, nil, assign)
		return err
	}
	err := runJob(context.Background(), simple, job)
	var diverged *train.NonFiniteError
	if !errors.As(err, &diverged) || !slices.Equal(diverged.Variables, []string{"conv3/weights"}) || !strings.Contains(err.Error(), "conv3/weights") {
		t.Errorf("got %v, want a NonFiniteError that names conv3/weights", err)
	}
}

// skipping is a configuration that skips the poisoned step, with or without micro-batches.
func skipping(micro int) train.Config {
	return train.Config{Epochs: 2, Batch: 4, MicroBatch: micro, LearningRate: 1e-3, Optimizer: ops.Momentum, Dropout: .5,
		Seed: 7, DisplayEvery: 1, OnNaN: train.Skip}
}

// A skipped step changes no variable and no slot, and is counted.
func TestSkipChangesNothing(t *testing.T) {
	severalRuns(t)
	for _, micro := range []int{0, 2} {
		s := newFixture(t, 12, 0)
		cfg, dir := skipping(micro), t.TempDir()
		for poisonedStep(cfg, 12, 0) != 1 {
			cfg.Seed++
		}
		const k = 2
		stopAt := func(step int64) (checkpoint.Meta, []byte) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			job := s.job(t, cfg, dir, latest(t, dir))
			s.poison(&job, always)
			afterStep(step)(&job, cancel)
			var stop *train.InterruptedError
			if err := runJob(ctx, cfg, job); !errors.As(err, &stop) {
				t.Fatalf("got %v, want an interruption", err)
			}
			return newest(t, dir), bundle(t, dir)
		}
		_, before := stopAt(k - 1)
		meta, after := stopAt(k)
		if meta.Skipped != 1 || meta.Step != k {
			t.Errorf("micro-batch %d: got %d skipped at step %d, want 1 at %d", micro, meta.Skipped, meta.Step, k)
		}
		if !bytes.Equal(before, after) {
			t.Errorf("micro-batch %d: the skipped step changed the variables", micro)
		}
		if _, next := stopAt(k + 1); bytes.Equal(after, next) {
			t.Errorf("micro-batch %d: the next step changed nothing", micro)
		}
	}
}

// A run that leaves steps out and is interrupted after any of them ends like
// one that is not.
func TestSkipIsResumedExactly(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 12, 2)
	for _, micro := range []int{0, 2} {
		cfg := skipping(micro)
		run := func(dir string, stop int64) error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			job := s.job(t, cfg, dir, latest(t, dir))
			s.poison(&job, always)
			afterStep(stop)(&job, cancel)
			return runJob(ctx, cfg, job)
		}
		whole, parted := t.TempDir(), t.TempDir()
		must(t, run(whole, -1))
		for k := int64(1); k <= 6; k++ {
			if err := run(parted, k); err == nil {
				t.Fatalf("step %d: got no interruption", k)
			}
		}
		must(t, run(parted, -1))
		same(t, parted, whole)
		for _, dir := range []string{whole, parted} {
			if m := newest(t, dir); m.Skipped != 2 || m.Step != 6 {
				t.Errorf("got %d of %d steps skipped, want 2 of 6", m.Skipped, m.Step)
			}
		}
	}
}

// An epoch of which little or nothing is left ends the run without a checkpoint of
// it; one with most steps left counts those skipped.
func TestSkipMostStepsEndsTheRun(t *testing.T) {
	severalRuns(t)
	for _, c := range []struct {
		images, left int
	}{{6, 6}, {9, 6}, {18, 6}} {
		s := newFixture(t, c.images, 0)
		cfg := skipping(0)
		cfg.Batch, cfg.Epochs = 6, 1
		for poisonedStep(cfg, c.images, 0) > 0 {
			cfg.Seed++
		}
		dir := t.TempDir()
		job := s.job(t, cfg, dir, nil)
		s.poison(&job, always)
		what := listen(&job)
		err := runJob(context.Background(), cfg, job)
		var diverged *train.NonFiniteError
		if ends := 2*c.left > c.images; errors.As(err, &diverged) != ends || (names(t, dir) == nil) != ends {
			t.Errorf("%d of %d skipped: got %v and checkpoints %v, want a NonFiniteError and none: %v", c.left, c.images, err, names(t, dir), ends)
		}
		said := fmt.Sprintf("%d of %d images", c.left, c.images)
		if diverged != nil {
			said = fmt.Sprintf("%d of the epoch's %d images", c.left, c.images)
			what.notes = append(what.notes, err.Error())
		}
		if last := what.notes[len(what.notes)-1]; !strings.Contains(last, said) {
			t.Errorf("got %q at last, want it to say %q", last, said)
		}
	}
}

// Twice the bound takes the first step, whose gradients lie beyond either,
// twice as far: the two end apart by rate times bound. Micro-batches are clipped
// by the norm of their sum.
func TestClipNorm(t *testing.T) {
	severalRuns(t)
	const rate, bound = 1, 1e-3
	for _, micro := range []int{0, 2} {
		s := newFixture(t, 6, 0)
		ends := make([]map[string][]float32, 2)
		for i := range ends {
			cfg := train.Config{Epochs: 1, Batch: 6, MicroBatch: micro, LearningRate: rate, Optimizer: ops.GradientDescent,
				Seed: 7, DisplayEvery: 1, ClipNorm: bound * float64(i+1)}
			dir := s.run(t, cfg)
			ends[i] = s.variables(t, train.Checkpoints(dir).Prefix(newest(t, dir)))
		}
		var squares float64
		for name, values := range ends[0] {
			for i, v := range values {
				squares += math.Pow(float64(v)-float64(ends[1][name][i]), 2)
			}
		}
		if got := math.Sqrt(squares); math.Abs(got-rate*bound) > 1e-3*bound {
			t.Errorf("micro-batch %d: got %g between the two, want %g", micro, got, rate*bound)
		}
	}
}
