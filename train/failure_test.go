package train_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

var simple = train.Config{Epochs: 1, Batch: 3, LearningRate: 1e-3, Optimizer: ops.GradientDescent, Seed: 7, DisplayEvery: 1}

// A loss that is non-finite ends the run at once and says where; the checkpoint
// before stays as it was.
func TestRunDiverges(t *testing.T) {
	s := newFixture(t, 9, 0)
	dir := s.run(t, simple)
	good := bundle(t, dir)
	wild := simple
	wild.Epochs, wild.LearningRate = 3, 1e6
	err := runJob(context.Background(), wild, s.job(t, wild, dir, latest(t, dir)))
	var diverged *train.NonFiniteError
	if !errors.As(err, &diverged) {
		t.Fatalf("got %v, want a NonFiniteError", err)
	}
	if !math.IsNaN(diverged.Loss) && !math.IsInf(diverged.Loss, 0) {
		t.Errorf("got loss %v, want one that is not finite", diverged.Loss)
	}
	if diverged.Step < 4 || diverged.Step > 6 || diverged.Epoch != 2 || diverged.LearningRate != 1e6 {
		t.Errorf("got %+v, want epoch 2 at learning rate 1e6", diverged)
	}
	batch := int(diverged.Step-4) * 3
	order := input.Shuffled(9, wild.Seed, 1)[batch : batch+3]
	for i, path := range diverged.Images {
		if path != s.train[order[i].Example].Path {
			t.Errorf("image %d: got %q, want %q", i, path, s.train[order[i].Example].Path)
		}
	}
	prefix := train.Checkpoints(dir).Prefix(newest(t, dir))
	for _, word := range []string{diverged.Images[0], "1e+06", "epoch 2"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want it to say %q", err, word)
		}
	}
	if hint := diverged.Hint(); !strings.Contains(hint, "1e+05") || !strings.Contains(hint, "--on-nan lower-lr") || !strings.Contains(hint, prefix) {
		t.Errorf("got hint %q, want a tenth of the rate, the rule that lowers it and %q", hint, prefix)
	}
	if diverged.Checkpoint != prefix || !slices.Equal(names(t, dir), []string{"model_epoch1.ckpt"}) || !bytes.Equal(bundle(t, dir), good) {
		t.Errorf("got %v and %q, want epoch 1's checkpoint as it was", names(t, dir), diverged.Checkpoint)
	}
}

// When the epoch's last step was one too many, validation meets it, before a
// checkpoint is made of it.
func TestRunDivergesInValidation(t *testing.T) {
	s := newFixture(t, 3, 2)
	s.layers = []string{"fc8"} // finite values that the next product takes beyond float32
	dir := t.TempDir()
	wild := simple
	wild.LearningRate = 6e36
	err := runJob(context.Background(), wild, s.job(t, wild, dir, nil))
	var diverged *train.NonFiniteError
	if !errors.As(err, &diverged) {
		t.Fatalf("got %v, want a NonFiniteError", err)
	}
	if diverged.Step != 1 || diverged.Epoch != 1 || diverged.Images != nil || diverged.Checkpoint != "" {
		t.Errorf("got %+v, want it in the validation after step 1", diverged)
	}
	if !strings.Contains(err.Error(), "validation loss") || names(t, dir) != nil {
		t.Errorf("got %q and %v, want it to say where, and no checkpoint", err, names(t, dir))
	}
}

// Of two runs in one directory the second is refused and changes nothing.
func TestRunTakesItsDirectory(t *testing.T) {
	s := newFixture(t, 3, 1)
	dir := t.TempDir()
	job := s.job(t, simple, dir, nil)
	second := errors.New("not tried")
	observe(&job).onEpoch = func(e train.EpochResult) {
		if e.Epoch == 0 {
			second = runJob(context.Background(), simple, s.job(t, simple, dir, nil))
		}
	}
	must(t, runJob(context.Background(), simple, job))
	if !errors.Is(second, rundir.ErrBusy) || !strings.Contains(second.Error(), dir) {
		t.Errorf("got %v, want %v and the name %q", second, rundir.ErrBusy, dir)
	}
	if got := metrics(t, dir); len(got) != 2 {
		t.Errorf("got metrics %v, want a head and a row", got)
	}
	if files, _ := os.ReadDir(rundir.Dir(dir).Events()); len(files) != 1 {
		t.Errorf("got %d event files, want 1", len(files))
	}
	s.resume(t, simple, dir) // the directory is free again
}

// Between choosing a checkpoint and taking the directory another process may have
// gone on: then nothing of its is removed.
func TestRunContinuedByAnotherProcess(t *testing.T) {
	s := newFixture(t, 3, 0)
	dir := t.TempDir()
	cfg := simple
	cfg.Epochs, cfg.Keep = 1, 0
	must(t, runJob(context.Background(), cfg, s.job(t, cfg, dir, nil)))
	all, err := train.Checkpoints(dir).List()
	must(t, err)
	chosen := all[len(all)-1]
	cfg.Epochs = 2
	s.resume(t, cfg, dir)
	cfg.Epochs = 3
	for name, from := range map[string]*checkpoint.Meta{"a checkpoint": &chosen, "nothing": nil} {
		if err := runJob(context.Background(), cfg, s.job(t, cfg, dir, from)); !errors.Is(err, rundir.ErrBusy) {
			t.Errorf("from %s: got %v, want %v", name, err, rundir.ErrBusy)
		}
	}
	if got := metrics(t, dir); len(got) != 3 {
		t.Errorf("got metrics %v, want a head and two rows", got)
	}
	if newest, _, err := train.Checkpoints(dir).Newest(context.Background()); err != nil || newest.Epoch != 2 {
		t.Errorf("got epoch %d, %v, want the second", newest.Epoch, err)
	}
}

// A run whose directory is moved or removed ends at its next save, says what
// happened and what to do, and does not recreate the directory.
func TestRunWhoseDirectoryDisappears(t *testing.T) {
	s := newFixture(t, 3, 0)
	inside := train.Interval{Steps: 1}
	for name, c := range map[string]struct {
		every     train.Interval
		gone, end int64 // the step after which it goes, and the last one
	}{
		"at an epoch's end":           {train.Interval{}, 3, 6},
		"inside an epoch":             {train.Interval{}, 5, 6},
		"before a save in its middle": {inside, 4, 4},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		cfg := simple
		cfg.Epochs, cfg.Batch, cfg.SaveEvery = 3, 1, c.every
		job := s.job(t, cfg, dir, nil)
		var last int64
		goes := func(step int64) {
			if step == c.gone {
				must(t, os.Rename(dir, dir+"2"))
			}
		}
		observe(&job).onStep = func(st train.StepResult) {
			if last = st.Step; last%3 > 0 {
				goes(last)
			}
		}
		observe(&job).onEpoch = func(e train.EpochResult) { goes(e.Step) }
		err := runJob(context.Background(), cfg, job)
		var advice interface{ Hint() string }
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), dir+"\" was moved or removed") || !errors.As(err, &advice) || last != c.end {
			t.Errorf("%s: got %v after step %d, want %v, the name %q and a hint after %d", name, err, last, os.ErrNotExist, dir, c.end)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want the directory to stay away", name, err)
		}
	}
}

// An image that breaks ends the run, which saves where it stands: with the image
// as it was, it resumes as if nothing had been. Before the first step there is
// nothing to save.
func TestRunMeetsADamagedImage(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 8, 2)
	cfg := simple
	cfg.Epochs, cfg.Batch, cfg.MicroBatch, cfg.Optimizer, cfg.Dropout = 2, 4, 2, ops.Adam, .5
	whole := s.run(t, cfg)
	last := s.train[input.Shuffled(8, cfg.Seed, 1)[7].Example]
	for name, c := range map[string]struct {
		image input.Example
		epoch int // after which it breaks
		saved []string
	}{
		"before the first step": {s.train[input.Shuffled(8, cfg.Seed, 0)[0].Example], 0, nil},
		"in a step":             {last, 1, []string{"model_epoch1.ckpt", "model_epoch1_step3.ckpt"}},
		"validation loss":       {s.val[1], 1, []string{"model_epoch1.ckpt", "model_epoch1_step4.ckpt"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, broken := t.TempDir(), c.image.Path
			good, err := os.ReadFile(broken)
			must(t, err)
			job := s.job(t, cfg, dir, nil)
			observe(&job).onEpoch = func(e train.EpochResult) {
				if e.Epoch == c.epoch {
					must(t, os.WriteFile(broken, []byte("no image"), 0o644))
				}
			}
			err = runJob(context.Background(), cfg, job)
			var image *input.Error
			if !errors.As(err, &image) || image.Path != broken {
				t.Errorf("got %v, want an error that names %q", err, broken)
			}
			if got := names(t, dir); !slices.Equal(got, c.saved) {
				t.Errorf("got %v, want %v", got, c.saved)
			}
			must(t, os.WriteFile(broken, good, 0o644))
			s.resume(t, cfg, dir)
			same(t, dir, whole)
		})
	}
}

// What cannot be begun says why, and leaves no goroutine and no lock.
func TestRunRefuses(t *testing.T) {
	s := newFixture(t, 3, 0)
	unstartable := errors.New("no weights")
	cases := map[string]struct {
		change func(*train.Config, *train.Job)
		says   string
	}{
		"bad settings": {func(c *train.Config, _ *train.Job) { c.Epochs = 0 }, "epochs: got 0"},
		"no door":      {func(_ *train.Config, j *train.Job) { j.Start = nil }, "Start and Resume"},
		"both doors":   {func(_ *train.Config, j *train.Job) { j.Resume = new(checkpoint.Meta) }, "Start and Resume"},
		"no images":    {func(_ *train.Config, j *train.Job) { j.Data.Train.Examples = nil }, input.ErrNoImages.Error()},
		"a graph that failed": {func(_ *train.Config, j *train.Job) {
			ops.NewVariable(j.Network.Root, "conv1/weights", 2)
		}, "conv1/weights"},
		"nothing to train": {func(_ *train.Config, j *train.Job) { j.Network.Trainable = nil }, "no variable to train"},
		"no checkpoint": {func(_ *train.Config, j *train.Job) {
			j.Start, j.Resume = nil, &checkpoint.Meta{Name: "model_epoch9.ckpt"}
		}, "model_epoch9.ckpt"},
		"a start that fails": {func(_ *train.Config, j *train.Job) {
			j.Start = func(context.Context, *tfgraph.Session) error { return unstartable }
		}, unstartable.Error()},
		"a directory that is a file": {func(_ *train.Config, j *train.Job) {
			j.Dir = filepath.Join(j.Dir, "file")
			must(t, os.WriteFile(j.Dir, nil, 0o644))
		}, "not a directory"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg, dir := simple, t.TempDir()
			job := s.job(t, cfg, dir, nil)
			c.change(&cfg, &job)
			if err := runJob(context.Background(), cfg, job); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error about %q", err, c.says)
			}
			must(t, runJob(context.Background(), simple, s.job(t, simple, dir, nil)))
		})
	}
}

// A network without dropout has no inputs to feed it by; the default of those it
// has is to drop nothing.
func TestRunWithoutDropout(t *testing.T) {
	s := newFixture(t, 3, 0)
	with, without := s.run(t, simple), t.TempDir()
	job := s.job(t, simple, without, nil)
	job.Network.DropoutRate, job.Network.DropoutSeed = tf.Output{}, tf.Output{}
	must(t, runJob(context.Background(), simple, job))
	if !bytes.Equal(bundle(t, with), bundle(t, without)) {
		t.Error("dropout of 0 differs from none")
	}
}
