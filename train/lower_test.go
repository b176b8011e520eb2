package train_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"alexnet/ops"
	"alexnet/train"
)

var lowering = train.Config{Epochs: 3, Batch: 3, LearningRate: 1e-2, Optimizer: ops.Momentum, Dropout: .5, Seed: 7,
	DisplayEvery: 1, OnNaN: train.LowerRate}

// lower runs on in dir with a picture that is spoilt in that epoch until a note
// tells of it, and is interrupted after step stop.
func (s *studio) lower(t *testing.T, dir string, epoch int, stop int64) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	job := s.job(t, lowering, dir, latest(t, dir))
	var due atomic.Bool
	due.Store(epoch == 1)
	s.poison(&job, due.Load)
	job.Progress.OnEpoch = func(e train.Epoch) { due.Store(e.Epoch == epoch-1) }
	job.Progress.OnNote = func(text string) {
		if strings.Contains(text, "learning rate of 0.001") {
			due.Store(false)
		}
	}
	afterStep(stop)(&job, cancel)
	return train.Run(ctx, lowering, job)
}

// A run that diverges after an epoch goes on from that epoch's checkpoint as one
// does that was begun there with a tenth of the rate.
func TestLowerRate(t *testing.T) {
	s := newStudio(t, 9, 2)
	s.cache.Off = true
	first, rest := lowering, lowering
	first.Epochs, rest.LearningRate = 1, 1e-3
	by := s.run(t, first)
	s.resume(t, rest, by)

	dir := t.TempDir()
	must(t, s.lower(t, dir, 2, -1))
	if !bytes.Equal(bundle(t, dir), bundle(t, by)) {
		t.Error("the last checkpoint differs from that of a run with a tenth of the rate")
	}
	if m := newest(t, dir); m.Lowered != 1 || m.Step != 9 {
		t.Errorf("got the rate lowered %d times at step %d, want once at 9", m.Lowered, m.Step)
	}
	rows := metrics(t, dir)
	if got := []string{rows[1][6], rows[2][6], rows[3][6]}; got[0] != "0.01" || got[1] != "0.001" || got[2] != "0.001" {
		t.Errorf("got learning rates %v, want 0.01 and then 0.001", got)
	}
	points, err := train.Points(dir)
	must(t, err)
	if len(points) != 9 {
		t.Errorf("got %d points of the curve, want one for each of 9 steps", len(points))
	}
}

// Without a checkpoint it goes back to the start.
func TestLowerRateFromTheStart(t *testing.T) {
	s := newStudio(t, 9, 0)
	s.cache.Off = true
	rest := lowering
	rest.LearningRate = 1e-3
	dir := t.TempDir()
	must(t, s.lower(t, dir, 1, -1))
	if !bytes.Equal(bundle(t, dir), bundle(t, s.run(t, rest))) {
		t.Error("the last checkpoint differs from that of a run with a tenth of the rate")
	}
}

// The lowered rate belongs to the state: a run that is interrupted with it goes
// on with it.
func TestLowerRateIsResumed(t *testing.T) {
	s := newStudio(t, 9, 2)
	s.cache.Off = true
	whole, parted := t.TempDir(), t.TempDir()
	must(t, s.lower(t, whole, 2, -1))
	var stop *train.InterruptedError
	if err := s.lower(t, parted, 2, 5); !errors.As(err, &stop) {
		t.Fatalf("got %v, want an interruption", err)
	}
	must(t, s.lower(t, parted, -1, -1))
	same(t, parted, whole)
}

// A rate that three times a tenth does not cure ends the run.
func TestLowerRateEnds(t *testing.T) {
	s := newStudio(t, 9, 0)
	cfg := lowering
	cfg.Optimizer = ops.GradientDescent
	dir := t.TempDir()
	job := s.job(t, cfg, dir, nil)
	s.poison(&job, always)
	var notes int
	job.Progress.OnNote = func(text string) {
		if strings.Contains(text, "going on from step 0") {
			notes++
		}
	}
	err := train.Run(context.Background(), cfg, job)
	var diverged *train.DivergedError
	if !errors.As(err, &diverged) || diverged.LearningRate > 1.01e-5 || notes != 3 || names(t, dir) != nil {
		t.Errorf("got %v after %d notes, want a DivergedError at a rate of 1e-5 after 3", err, notes)
	}
	if diverged != nil && strings.Contains(diverged.Hint(), "lower-lr") {
		t.Errorf("got hint %q, want nothing of the rule that did not help", diverged.Hint())
	}
}
