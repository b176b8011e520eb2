package train_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/summaries"
	"alexnet/tfgraph"
	"alexnet/train"
)

// divided are batches of 8, 8 and 5 images in parts of 3, 3 and 2, the last in
// 3 and 2.
var divided = train.Config{Epochs: 3, Batch: 8, MicroBatch: 3, LearningRate: 1e-3, Dropout: .5, Seed: 7, DisplayEvery: 1}

// recorded does a whole run and returns its steps as they were told.
func (s *fixture) recorded(t testing.TB, cfg train.Config) (dir string, steps []train.StepResult) {
	t.Helper()
	dir = t.TempDir()
	job := s.job(t, cfg, dir, nil)
	observe(&job).onStep = func(st train.StepResult) {
		st.ImagesPerSecond = 0
		steps = append(steps, st)
	}
	must(t, runJob(context.Background(), cfg, job))
	return dir, steps
}

// largest is the largest difference between two runs' last values, as a part of
// the variable's largest value.
func (s *fixture) largest(t testing.TB, a, b string) (most float64) {
	t.Helper()
	av, bv := s.variables(t, frozenLayers(t, a)), s.variables(t, frozenLayers(t, b))
	for name, values := range av {
		var scale, difference float64
		for i, v := range values {
			scale = max(scale, math.Abs(float64(v)))
			difference = max(difference, math.Abs(float64(v-bv[name][i])))
		}
		if scale > 0 {
			most = max(most, difference/scale)
		}
	}
	return most
}

// Nine steps in parts, dropout on, come to those of whole batches but for the
// order in which float32 sums are taken. Where images pass through trained
// convolutions, such a last bit may choose another pixel of a max-pool; and Adam
// divides a gradient by its own size, however close to its rounding it is.
func TestMicroBatchesMakeTheSameStep(t *testing.T) {
	severalRuns(t)
	for _, c := range []struct {
		rule   ops.Optimizer
		layers []string
		limit  float64 // of the variable's largest value
	}{
		{ops.GradientDescent, alexnet.BVLC.LayerNames()[5:], 1e-6},
		{ops.Momentum, alexnet.BVLC.LayerNames()[5:], 1e-6},
		{ops.Adam, alexnet.BVLC.LayerNames()[5:], 1e-5},
		{ops.GradientDescent, alexnet.BVLC.LayerNames(), 1e-5},
	} {
		t.Run(string(c.rule)+" "+c.layers[0], func(t *testing.T) {
			s := newFixture(t, 21, 0)
			s.layers = c.layers
			cfg := divided
			cfg.Optimizer = c.rule
			got, steps := s.recorded(t, cfg)
			cfg.MicroBatch = cfg.Batch
			want, whole := s.recorded(t, cfg)
			if len(steps) != len(whole) || len(whole) != 9 {
				t.Fatalf("got %d steps in parts and %d whole, want 9", len(steps), len(whole))
			}
			for i, w := range whole {
				g := steps[i]
				if math.Abs(g.Loss-w.Loss) > c.limit*w.Loss {
					t.Errorf("update %d: got loss %v, want %v within %g of it", i+1, g.Loss, w.Loss, c.limit)
				}
				if g.Loss = w.Loss; g != w {
					t.Errorf("update %d: got %+v, want %+v", i+1, g, w)
				}
			}
			if d := s.largest(t, got, want); !(d <= c.limit) {
				t.Errorf("got values that differ by %g, want at most %g", d, c.limit)
			}
			cfg.Dropout = 0
			if d := s.largest(t, s.run(t, cfg), want); d < 10*c.limit {
				t.Errorf("without dropout the values differ by %g: such a comparison proves nothing of masks", d)
			}
		})
	}
}

// The histograms of a step in parts are those of its sums.
func TestMicroBatchesRecordTheBatchsGradients(t *testing.T) {
	s := newFixture(t, 8, 0)
	cfg := divided
	cfg.Epochs, cfg.Optimizer = 1, ops.GradientDescent
	got := histograms(t, s.run(t, cfg))
	cfg.MicroBatch = cfg.Batch
	want := histograms(t, s.run(t, cfg))
	if len(want) != 32 || len(got) != 32 {
		t.Fatalf("got %d and %d histograms, want those of 16 variables and their gradients", len(got), len(want))
	}
	for tag, w := range want {
		if g := got[tag]; math.Abs(g-w) > 1e-4*w || w == 0 && strings.HasSuffix(tag, "weights/gradient") {
			t.Errorf("%s: got squares of sum %g, want %g", tag, g, w)
		}
	}
}

// histograms are the sums of squares of what a run shows of each variable.
func histograms(t testing.TB, dir string) map[string]float64 {
	t.Helper()
	squares := map[string]float64{}
	files, err := summaries.Files(rundir.Dir(dir).Events())
	must(t, err)
	for e, err := range summaries.Read(files[0]) {
		must(t, err)
		for _, v := range e.GetSummary().GetValue() {
			if h := v.GetHisto(); h != nil {
				squares[v.Tag] = h.SumSquares
			}
		}
	}
	return squares
}

// Wherever a run in parts is interrupted, it resumes as if it had not been; an
// update in the middle of its parts is done again.
func TestResumeInMicroBatchesIsExact(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 21, 4)
	cfg := divided
	cfg.Epochs, cfg.Optimizer = 2, ops.Adam
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
	t.Run("between two parts", func(t *testing.T) {
		dir := t.TempDir()
		if stop := s.interrupted(t, cfg, dir, afterRows(2+3+3+2+3+3)); stop.Step != 1 {
			t.Errorf("got step %d, want 1: the second has but begun", stop.Step)
		}
		s.resume(t, cfg, dir)
		same(t, dir, whole)
	})
}

// afterRows comes when training asks for another buffer after those of n
// images; the first two of all are for checking and for showing them.
func afterRows(n int64) interruption {
	return func(job *train.Job, cancel func()) {
		var rows atomic.Int64
		job.Data.Train.Ahead, job.Data.Train.Workers = 1, 1
		alloc := job.Data.Train.Alloc
		job.Data.Train.Alloc = func(k int) (*tfgraph.Tensor, error) {
			if rows.Add(int64(k)) > n {
				cancel()
			}
			return alloc(k)
		}
	}
}

// Images come to the step by no more than are computed at once, and never
// two batches' together.
func TestMicroBatchSizes(t *testing.T) {
	severalRuns(t)
	s := newFixture(t, 10, 0)
	s.train = slices.Repeat(s.train, 27)
	convolutions := alexnet.BVLC.LayerNames()
	for name, c := range map[string]struct {
		batch, micro, images int
		want                 []int
	}{
		"uneven":              {8, 3, 21, []int{3, 3, 2, 3, 3, 2, 3, 2}},
		"even":                {8, 4, 21, []int{4, 4, 4, 4, 4, 1}},
		"larger than a batch": {8, 100, 21, []int{8, 8, 5}},
		"one by one":          {3, 1, 4, []int{1, 1, 1, 1}},
		"chosen":              {256, 0, 270, []int{128, 128, 14}},
		"chosen to divide":    {260, 0, 270, []int{65, 65, 65, 65, 10}},
		"chosen in vain":      {262, 0, 270, []int{128, 128, 6, 8}},
		"not needed":          {128, 0, 270, []int{128, 128, 14}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := divided
			cfg.Epochs, cfg.Optimizer, cfg.Batch, cfg.MicroBatch = 1, ops.GradientDescent, c.batch, c.micro
			one := *s
			one.layers, one.train = convolutions, s.train[:c.images]
			job := one.job(t, cfg, t.TempDir(), nil)
			var got []int
			job.Data.Train.Workers = 1
			alloc := job.Data.Train.Alloc
			job.Data.Train.Alloc = func(rows int) (*tfgraph.Tensor, error) {
				got = append(got, rows)
				return alloc(rows)
			}
			must(t, runJob(context.Background(), cfg, job))
			if got = got[2:]; !slices.Equal(got, c.want) { // the first two are for checking images and for showing them
				t.Errorf("got parts of %v images, want %v", got, c.want)
			}
		})
	}
}

// Sums of gradients are in the graph of a run that needs them and in no other,
// and in no checkpoint.
func TestSumsOnlyWhereNeeded(t *testing.T) {
	s := newFixture(t, 8, 0)
	for _, micro := range []int{3, 8, 0} {
		cfg := divided
		cfg.Epochs, cfg.Optimizer, cfg.MicroBatch = 1, ops.Momentum, micro
		dir := s.run(t, cfg)
		files, err := summaries.Files(rundir.Dir(dir).Events())
		must(t, err)
		graph, err := os.ReadFile(files[0])
		must(t, err)
		if got, want := bytes.Contains(graph, []byte("gradient_sum")), micro == 3; got != want {
			t.Errorf("micro-batch %d: got sums in the graph %v, want %v", micro, got, want)
		}
		index, err := os.ReadFile(frozenLayers(t, dir) + ".index")
		must(t, err)
		if !bytes.Contains(index, []byte("Momentum")) || bytes.Contains(index, []byte("gradient_sum")) {
			t.Errorf("micro-batch %d: got a checkpoint without the optimizer's state or with sums", micro)
		}
	}
}

// A part whose loss is non-finite ends the run before the step, with the
// images of all parts.
func TestMicroBatchesDiverge(t *testing.T) {
	s := newFixture(t, 24, 0)
	cfg := divided
	cfg.Optimizer, cfg.LearningRate = ops.GradientDescent, 1e6
	err := runJob(context.Background(), cfg, s.job(t, cfg, t.TempDir(), nil))
	var diverged *train.NonFiniteError
	if !errors.As(err, &diverged) || diverged.Step < 2 || diverged.Step > 3 || diverged.Epoch != 1 {
		t.Fatalf("got %v, want a NonFiniteError in the second or third update", err)
	}
	order := input.Shuffled(24, cfg.Seed, 0)[8*(diverged.Step-1):]
	for i, path := range diverged.Images {
		if path != s.train[order[i].Example].Path {
			t.Errorf("image %d: got %q at step %d, want %q", i, path, diverged.Step, s.train[order[i].Example].Path)
		}
	}
	if len(diverged.Images) != 8 {
		t.Errorf("got %d images, want the batch's 8", len(diverged.Images))
	}
}
