package train_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/train"
)

// What a run told while it went is what its directory says afterwards.
func TestRunDirectoryAgreesWithObserver(t *testing.T) {
	s := newFixture(t, 12, 8)
	cfg := train.Config{Epochs: 3, Batch: 4, LearningRate: .01, Optimizer: ops.GradientDescent, Seed: 1, DisplayEvery: 2}
	var told []train.EpochResult
	job := s.job(t, cfg, t.TempDir(), nil)
	observe(&job).onEpoch = func(e train.EpochResult) { told = append(told, e) }
	must(t, runJob(t.Context(), cfg, job))

	got, err := rundir.Dir(job.Dir).Epochs()
	must(t, err)
	if len(got) != 3 {
		t.Fatalf("got %d epochs, want 3", len(got))
	}
	for i, e := range got {
		want := told[i+1] // the first is the state before the first epoch
		for name, pair := range map[string][2]float64{
			"loss": {e.Loss, want.Loss}, "accuracy": {e.Accuracy, want.Accuracy}, "seconds": {e.Seconds, want.Seconds},
			"validation loss": {e.Validation.Loss, want.Validation.Loss}, "validation accuracy": {e.Validation.Accuracy, want.Validation.Accuracy},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-5*math.Abs(pair[1]) {
				t.Errorf("epoch %d: %s: got %v, want %v", i+1, name, pair[0], pair[1])
			}
		}
		if e.Epoch != want.Epoch || e.Step != want.Step {
			t.Errorf("got epoch %d at step %d, want %d at %d", e.Epoch, e.Step, want.Epoch, want.Step)
		}
	}
	points, err := train.Points(job.Dir)
	must(t, err)
	if len(points) < 4 || points[0].Step != 2 {
		t.Fatalf("got points %+v, want one every two steps", points)
	}
	for _, p := range points {
		if !(p.Loss > 0) || !(p.Accuracy >= 0 && p.Accuracy <= 1) {
			t.Errorf("got point %+v, want a loss and an accuracy", p)
		}
	}
}

// A bit that flips in metrics.csv costs at most the rows that it stands in: a run
// that resumes says so, and keeps the others.
func TestResumeAfterAFlippedBit(t *testing.T) {
	s := newFixture(t, 4, 0)
	cfg := train.Config{Epochs: 3, Batch: 4, LearningRate: .01, Optimizer: ops.GradientDescent, Seed: 1, DisplayEvery: 1}
	dir := s.run(t, cfg)
	path := filepath.Join(dir, "metrics.csv")
	text, err := os.ReadFile(path)
	must(t, err)
	want := metrics(t, dir)
	text[bytes.Index(text, []byte("\n2,2,"))+1] = '"' // '2' without a bit
	must(t, os.WriteFile(path, text, 0o644))
	job := s.job(t, cfg, dir, latest(t, dir))
	what := listen(&job)
	must(t, runJob(t.Context(), cfg, job))
	if got := metrics(t, dir); !reflect.DeepEqual(got, slices.Delete(want, 2, 3)) {
		t.Errorf("got %v, want all rows but the second epoch's", got)
	}
	if len(what.notes) != 1 || !strings.Contains(what.notes[0], "only 2 of the 3 epochs") {
		t.Errorf("got notes %q, want one that a row is lost", what.notes)
	}
}
