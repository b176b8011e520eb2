package train_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"alexnet/ops"
	"alexnet/train"
)

// lowering meets the poisoned image in the last step of each epoch.
var lowering = train.Config{Epochs: 3, Batch: 3, LearningRate: 1e-2, Optimizer: ops.Momentum, Dropout: .5, Seed: 8,
	DisplayEvery: 1, OnNaN: train.LowerLearningRate}

// lower runs on in dir with an image that is damaged in that epoch until the rate
// is down to enough, and is interrupted after step stop with a lowered rate.
func (s *fixture) lower(t *testing.T, cfg train.Config, dir string, epoch int, enough float64, stop int64) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	from := latest(t, dir)
	job := s.job(t, cfg, dir, from)
	var due, lowered, cured atomic.Bool
	due.Store(from == nil && epoch == 1 || from != nil && from.Epoch == epoch-1)
	s.poison(&job, func() bool { return due.Load() && !cured.Load() })
	observe(&job).onEpoch = func(e train.EpochResult) { due.Store(e.Epoch == epoch-1) }
	observe(&job).onNote = func(text string) {
		if strings.Contains(text, "rolled back to step") {
			lowered.Store(true)
			cured.Store(strings.HasSuffix(text, fmt.Sprintf("learning rate of %g", enough)))
		}
	}
	observe(&job).onStep = func(st train.StepResult) {
		if st.Step == stop && lowered.Load() {
			cancel()
		}
	}
	return runJob(ctx, cfg, job)
}

// saving are ways in which a run saves: at the end of each epoch only, and after
// each step, which is where it may be on the way up already.
func saving() (all []train.Config) {
	for _, every := range []int64{0, 1} {
		cfg := lowering
		cfg.SaveEvery.Steps = every
		all = append(all, cfg)
	}
	return all
}

// A run that diverges after an epoch resumes from that epoch's checkpoint as one
// does that was begun there with a tenth of the rate. When it diverges there again,
// it does so from the checkpoint before, with a tenth of that.
func TestLowerRate(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 9, 2)
	s.cache.Off = true
	for _, c := range []struct {
		epoch, times int
		rate         float64
	}{{2, 1, 1e-3}, {3, 2, 1e-4}} {
		first, rest := lowering, lowering
		first.Epochs, rest.LearningRate = 1, c.rate
		by := s.run(t, first)
		s.resume(t, rest, by)
		for _, cfg := range saving() {
			dir := t.TempDir()
			must(t, s.lower(t, cfg, dir, c.epoch, c.rate, -1))
			same(t, dir, by)
			if m := newest(t, dir); m.Lowered != c.times || m.Step != 9 {
				t.Errorf("got the rate lowered %d times at step %d, want %d at 9", m.Lowered, m.Step, c.times)
			}
		}
	}
}

// Without a checkpoint of an epoch's end it goes back to the start.
func TestLowerRateFromTheStart(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 9, 0)
	s.cache.Off = true
	rest := lowering
	rest.LearningRate = 1e-3
	by := s.run(t, rest)
	for _, cfg := range saving() {
		dir := t.TempDir()
		must(t, s.lower(t, cfg, dir, 1, 1e-3, -1))
		same(t, dir, by)
	}
}

// The lowered rate belongs to the state: a run that is interrupted with it goes
// on with it, and further back where it has to.
func TestLowerRateIsResumed(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 9, 2)
	s.cache.Off = true
	whole, parted := t.TempDir(), t.TempDir()
	must(t, s.lower(t, lowering, whole, 3, 1e-4, -1))
	var stop *train.InterruptedError
	for _, step := range []int64{7, 5} { // after the first lowering, and after the second
		if err := s.lower(t, lowering, parted, 3, 1e-4, step); !errors.As(err, &stop) || stop.Step != step {
			t.Fatalf("got %v, want an interruption after step %d", err, step)
		}
	}
	must(t, s.lower(t, lowering, parted, -1, 1e-4, -1))
	same(t, parted, whole)
}

// A rate that three times a tenth does not cure ends the run.
func TestLowerRateEnds(t *testing.T) {
	s := newFixture(t, 9, 0)
	cfg := lowering
	cfg.Optimizer = ops.GradientDescent
	dir := t.TempDir()
	job := s.job(t, cfg, dir, nil)
	s.poison(&job, always)
	var notes int
	observe(&job).onNote = func(text string) {
		if strings.Contains(text, "rolled back to step 0") {
			notes++
		}
	}
	err := runJob(context.Background(), cfg, job)
	var diverged *train.NonFiniteError
	if !errors.As(err, &diverged) || diverged.LearningRate > 1.01e-5 || notes != 3 || names(t, dir) != nil {
		t.Errorf("got %v after %d notes, want a NonFiniteError at a rate of 1e-5 after 3", err, notes)
	}
	if diverged != nil && strings.Contains(diverged.Hint(), "lower-lr") {
		t.Errorf("got hint %q, want nothing of the rule that did not help", diverged.Hint())
	}
}
