package train_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"alexnet/ops"
	"alexnet/train"
)

func TestIntervalAsText(t *testing.T) {
	for text, want := range map[string]train.Interval{
		"0": {}, "500": {Steps: 500}, "10m": {Time: 10 * time.Minute}, "1h30m": {Time: 90 * time.Minute}, "0s": {},
	} {
		var got train.Interval
		must(t, got.UnmarshalText([]byte(text)))
		if got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
		var again train.Interval
		raw, err := json.Marshal(got)
		must(t, err)
		must(t, json.Unmarshal(raw, &again))
		if again != got {
			t.Errorf("%q: got %+v back from %s", text, again, raw)
		}
	}
	for _, text := range []string{"", "often", "-1", "-5s", "10 m", "1.5"} {
		if err := new(train.Interval).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
	both := train.Config{SaveEvery: train.Interval{Steps: 1, Time: 1}}.WithDefaults()
	if err := both.Validate(); err == nil || !strings.Contains(err.Error(), "save every") {
		t.Errorf("got %v, want an error about save every", err)
	}
}

// A run that saves inside its epochs resumes exactly from wherever it was lost:
// here, from what its folder held at each moment that it told of.
func TestSaveEvery(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 10, 4)
	cfg := train.Config{Epochs: 2, Batch: 4, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, DisplayEvery: 4}
	whole := s.run(t, cfg)
	for name, every := range map[string]train.Interval{
		"step": {Steps: 1}, "second step": {Steps: 2}, "nanosecond": {Time: 1}, // the last is every step too
	} {
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			cfg.SaveEvery = every
			dir := t.TempDir()
			job := s.job(t, cfg, dir, nil)
			var lost []string
			snapshot := func() {
				lost = append(lost, filepath.Join(t.TempDir(), "run"))
				must(t, os.CopyFS(lost[len(lost)-1], os.DirFS(dir)))
			}
			observe(&job).onStep = func(train.StepResult) { snapshot() }
			observe(&job).onEpoch = func(train.EpochResult) { snapshot() }
			must(t, runJob(context.Background(), cfg, job))
			same(t, dir, whole)
			if len(lost) != 9 {
				t.Fatalf("got %d stops, want 6 steps and 3 epochs", len(lost))
			}
			for i, dir := range lost {
				if every.Time > 0 && i > 0 {
					break
				}
				t.Run(fmt.Sprint("moment ", i), func(t *testing.T) {
					s.resume(t, cfg, dir)
					same(t, dir, whole)
				})
			}
		})
	}
}

// Inside an epoch there is one checkpoint at a time, beside those of epochs.
func TestSaveEveryKeepsOne(t *testing.T) {
	s := newFixture(t, 8, 0)
	cfg := train.Config{Epochs: 2, Batch: 2, LearningRate: 1e-3, Optimizer: ops.GradientDescent, Keep: 1, DisplayEvery: 1, SaveEvery: train.Interval{Steps: 1}}
	dir := t.TempDir()
	job := s.job(t, cfg, dir, nil)
	var seen []string
	observe(&job).onStep = func(train.StepResult) { seen = append(seen, strings.Join(names(t, dir), " ")) }
	must(t, runJob(context.Background(), cfg, job))
	want := []string{"", "model_epoch0_step1.ckpt", "model_epoch0_step2.ckpt", "model_epoch0_step3.ckpt", "model_epoch1.ckpt",
		"model_epoch1.ckpt model_epoch1_step5.ckpt", "model_epoch1.ckpt model_epoch1_step6.ckpt", "model_epoch1.ckpt model_epoch1_step7.ckpt"}
	if !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"model_epoch2.ckpt"}) {
		t.Errorf("at the end: got %v, want only the second epoch's", got)
	}
}
