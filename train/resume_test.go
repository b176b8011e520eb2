package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/train"
)

// interruption ends a run's context at some moment.
type interruption func(job *train.Job, cancel func())

func afterStep(k int64) interruption {
	return func(job *train.Job, cancel func()) {
		observe(job).onStep = func(s train.StepResult) {
			if s.Step == k {
				cancel()
			}
		}
	}
}

func afterEpoch(k int) interruption {
	return func(job *train.Job, cancel func()) {
		observe(job).onEpoch = func(e train.EpochResult) {
			if e.Epoch == k {
				cancel()
			}
		}
	}
}

// inValidation comes while the images are decoded that are validated after
// step k.
func inValidation(k int64) interruption {
	return func(job *train.Job, cancel func()) {
		var due atomic.Bool
		observe(job).onStep = func(s train.StepResult) { due.Store(s.Step == k) }
		decode := job.Data.Val.Decode
		job.Data.Val.Decode = func(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
			if due.Load() {
				cancel()
			}
			return decode(ctx, encoded, ex, draw, into)
		}
	}
}

// interrupted begins or resumes with the run in dir until the interruption, and
// checks what is said of it.
func (s *fixture) interrupted(t *testing.T, cfg train.Config, dir string, at interruption) *train.InterruptedError {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	reason := errors.New("stopped by the test")
	job := s.job(t, cfg, dir, latest(t, dir))
	at(&job, func() { cancel(reason) })
	err := runJob(ctx, cfg, job)
	var stop *train.InterruptedError
	if !errors.As(err, &stop) || !errors.Is(err, reason) {
		t.Fatalf("got %v, want an interruption by %q", err, reason)
	}
	if stop.Checkpoint != "" && stop.Checkpoint != train.Checkpoints(dir).Prefix(newest(t, dir)) {
		t.Errorf("got checkpoint %q, want the newest", stop.Checkpoint)
	}
	if !strings.Contains(err.Error(), fmt.Sprintf("step %d", stop.Step)) {
		t.Errorf("got %q, want it to name step %d", err, stop.Step)
	}
	return stop
}

// latest is where the run in dir resumes, nil where it begins.
func latest(t testing.TB, dir string) *checkpoint.Meta {
	t.Helper()
	all, err := train.Checkpoints(dir).List()
	must(t, err)
	if len(all) == 0 {
		return nil
	}
	return &all[len(all)-1]
}

func (s *fixture) resume(t testing.TB, cfg train.Config, dir string) {
	t.Helper()
	must(t, runJob(context.Background(), cfg, s.job(t, cfg, dir, latest(t, dir))))
}

// same checks that two runs left the same: the last checkpoint bit for bit, the
// metrics, and every curve as TensorBoard shows it.
func same(t *testing.T, got, want string) {
	t.Helper()
	if !bytes.Equal(bundle(t, got), bundle(t, want)) {
		t.Error("the last checkpoint differs from that of the uninterrupted run")
	}
	if g, w := metrics(t, got), metrics(t, want); !reflect.DeepEqual(g, w) {
		t.Errorf("metrics: got %v, want %v", g, w)
	}
	if g, w := names(t, got), names(t, want); !slices.Equal(g, w) {
		t.Errorf("checkpoints: got %v, want %v", g, w)
	}
	g, w := curves(t, got), curves(t, want)
	for tag := range w {
		if !reflect.DeepEqual(g[tag], w[tag]) {
			t.Errorf("%s: got %v, want %v", tag, g[tag], w[tag])
		}
	}
	if len(g) != len(w) {
		t.Errorf("got %d tags, want %d", len(g), len(w))
	}
}

// Three steps an epoch, two epochs, dropout on: wherever a run is interrupted,
// it resumes as if it had not been.
func TestResumeIsExact(t *testing.T) {
	s := newFixture(t, 10, 6)
	for _, rule := range []ops.Optimizer{ops.Momentum, ops.Adam} {
		t.Run(string(rule), func(t *testing.T) {
			if rule == ops.Adam {
				severalRuns(t)
			}
			cfg := train.Config{Epochs: 2, Batch: 4, LearningRate: 1e-3, Optimizer: rule, Dropout: .5, Seed: 7, DisplayEvery: 1}
			whole := s.run(t, cfg)
			t.Run("after every step", func(t *testing.T) {
				dir := t.TempDir()
				for k := int64(1); k <= 6; k++ {
					if stop := s.interrupted(t, cfg, dir, afterStep(k)); stop.Step != k || stop.Checkpoint == "" {
						t.Fatalf("got step %d and checkpoint %q, want %d and one", stop.Step, stop.Checkpoint, k)
					}
				}
				s.resume(t, cfg, dir)
				same(t, dir, whole)
			})
			cases := map[string]struct {
				at   interruption
				step int64
			}{
				"after the first step":         {afterStep(1), 1},
				"after the epoch's last":       {afterStep(3), 3},
				"in validation":                {inValidation(3), 3},
				"between epochs":               {afterEpoch(1), 3},
				"before the first step":        {afterEpoch(0), 0},
				"in the run's last":            {afterStep(6), 6},
				"in the run's last validation": {inValidation(6), 6},
			}
			for name, c := range cases {
				if rule != ops.Adam && name != "in validation" {
					continue // one rule with slots shows the rest
				}
				t.Run(name, func(t *testing.T) {
					dir := t.TempDir()
					if stop := s.interrupted(t, cfg, dir, c.at); stop.Step != c.step {
						t.Errorf("got step %d, want %d", stop.Step, c.step)
					}
					s.resume(t, cfg, dir)
					same(t, dir, whole)
				})
			}
		})
	}
}

// A process that is killed has gone on past its last checkpoint: those steps
// are done again, and neither the metrics nor the curves hold them twice.
func TestResumeAfterACrash(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 10, 4)
	cfg := train.Config{Epochs: 3, Batch: 4, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, DisplayEvery: 1}
	whole, dir := s.run(t, cfg), s.run(t, cfg)
	for _, lost := range []string{"model_epoch2.ckpt", "model_epoch3.ckpt"} {
		must(t, os.Remove(filepath.Join(string(train.Checkpoints(dir)), lost+".json")))
	}
	f, err := os.OpenFile(filepath.Join(dir, "metrics.csv"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("4,12,0.0")
	must(t, errors.Join(err, f.Close()))
	if from := newest(t, dir); from.Epoch != 1 {
		t.Fatalf("got %s, want epoch 1", from.Name)
	}
	s.resume(t, cfg, dir)
	same(t, dir, whole)
}

// A save that fails after its epoch's row was written must not leave the row
// twice once it succeeds.
func TestResumeAfterAFailedSave(t *testing.T) {
	s := newFixture(t, 6, 2)
	cfg := train.Config{Epochs: 1, Batch: 3, LearningRate: 1e-3, Optimizer: ops.GradientDescent, Seed: 7, DisplayEvery: 1}
	whole, dir := s.run(t, cfg), t.TempDir()
	s.interrupted(t, cfg, dir, afterStep(2)) // the epoch's last, not yet validated
	obstacle := filepath.Join(string(train.Checkpoints(dir)), "model_epoch1.ckpt.json", "folder")
	job := s.job(t, cfg, dir, latest(t, dir))
	decode := job.Data.Val.Decode
	job.Data.Val.Decode = func(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
		return errors.Join(os.MkdirAll(obstacle, 0o777), decode(ctx, encoded, ex, draw, into))
	}
	if err := runJob(context.Background(), cfg, job); err == nil {
		t.Fatal("got no error, want one for the description that cannot be written")
	}
	must(t, os.RemoveAll(filepath.Dir(obstacle)))
	s.resume(t, cfg, dir)
	if g, w := metrics(t, dir), metrics(t, whole); !reflect.DeepEqual(g, w) {
		t.Errorf("metrics: got %v, want %v", g, w)
	}
	if !bytes.Equal(bundle(t, dir), bundle(t, whole)) {
		t.Error("the last checkpoint differs from that of the uninterrupted run")
	}
}

// More epochs may be asked for later.
func TestResumeAFinishedRun(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 6, 2)
	cfg := train.Config{Epochs: 2, Batch: 3, LearningRate: 1e-3, Optimizer: ops.Momentum, Seed: 7, DisplayEvery: 1}
	whole := s.run(t, cfg)
	short := cfg
	short.Epochs = 1
	dir := s.run(t, short)
	before := bundle(t, dir)
	s.resume(t, short, dir) // nothing is left to do
	if !bytes.Equal(bundle(t, dir), before) {
		t.Error("a finished run changed its checkpoint")
	}
	s.resume(t, cfg, dir)
	same(t, dir, whole)
}

func TestResumeRefuses(t *testing.T) {
	s := newFixture(t, 6, 0)
	cfg := train.Config{Epochs: 1, Batch: 3, LearningRate: 1e-3, Optimizer: ops.GradientDescent, DisplayEvery: 1}
	dir := s.run(t, cfg)
	from := newest(t, dir)
	from.Epoch, from.Index = 0, 7
	if err := runJob(context.Background(), cfg, s.job(t, cfg, dir, &from)); err == nil || !strings.Contains(err.Error(), "got 7 images") {
		t.Errorf("got %v, want an error about a position beyond the images", err)
	}
	with := cfg
	with.Optimizer = ops.Momentum // its slots were not saved
	from = newest(t, dir)
	if err := runJob(context.Background(), with, s.job(t, with, dir, &from)); err == nil || !strings.Contains(err.Error(), "Momentum") {
		t.Errorf("got %v, want an error about the missing momentum", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"model_epoch1.ckpt"}) {
		t.Errorf("got %v, want what was there", got)
	}
}
