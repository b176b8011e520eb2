package train_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"

	"alexnet/internal/rundir"
	"alexnet/internal/testenv"
	"alexnet/ops"
	"alexnet/summaries"
	"alexnet/train"
)

// shown is what TensorBoard makes of a run's event files: for each tag the
// steps with their values, where a session's start makes it forget the steps
// from there on. Speed is not compared.
func curves(t testing.TB, dir string) map[string][]string {
	t.Helper()
	type event struct {
		step  int64
		value string
	}
	all := map[string][]event{}
	files, err := summaries.Files(rundir.Dir(dir).Events())
	must(t, err)
	for _, file := range files {
		for e, err := range summaries.Read(file) {
			must(t, err)
			if e.GetSessionLog().GetStatus() == eventpb.SessionLog_START {
				for tag, events := range all {
					all[tag] = slices.DeleteFunc(events, func(v event) bool { return v.step >= e.Step })
				}
			}
			for _, v := range e.GetSummary().GetValue() {
				value := fmt.Sprint(v.GetSimpleValue(), v.GetHisto())
				if v.Tag == "images_per_second" {
					value = ""
				}
				all[v.Tag] = append(all[v.Tag], event{e.Step, value})
			}
		}
	}
	curves := map[string][]string{}
	for tag, events := range all {
		for _, e := range events {
			curves[tag] = append(curves[tag], fmt.Sprintf("%d: %s", e.step, e.value))
		}
	}
	return curves
}

// TensorBoard's own reader finds every curve, histogram and image, each step
// once, in a run and in one that was interrupted and lost some steps.
func TestTensorBoardReadsARun(t *testing.T) {
	s := newFixture(t, 10, 4)
	s.layers = []string{"conv5", "fc8"}
	cfg := train.Config{Epochs: 2, Batch: 4, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, DisplayEvery: 2}
	whole, broken := s.run(t, cfg), t.TempDir()
	s.interrupted(t, cfg, broken, afterStep(4))
	s.resume(t, cfg, broken)
	type points []struct{ Step int64 }
	var runs []struct {
		Scalars, Histograms, Images map[string]points
		Graph                       []byte
	}
	text := testenv.RunPython(t, "summaries/testdata/read_events.py", rundir.Dir(whole).Events(), rundir.Dir(broken).Events())
	must(t, json.Unmarshal(text, &runs))

	curve, epochs := []int64{2, 3, 4, 6}, []int64{3, 6}
	scalars := map[string][]int64{
		"cross_entropy": curve, "accuracy": curve, "learning_rate": curve, "images_per_second": curve,
		"validation/cross_entropy": {0, 3, 6}, "validation/accuracy": {0, 3, 6},
	}
	histograms := map[string][]int64{}
	for _, layer := range s.layers {
		for _, v := range []string{"/weights", "/biases"} {
			histograms[layer+v], histograms[layer+v+"/gradient"] = epochs, epochs
		}
	}
	for i, run := range runs {
		for _, kind := range []struct {
			name string
			got  map[string]points
			want map[string][]int64
		}{
			{"scalars", run.Scalars, scalars},
			{"histograms", run.Histograms, histograms},
			{"images", run.Images, map[string][]int64{"inputs": {0}}},
		} {
			got := map[string][]int64{}
			for tag, all := range kind.got {
				for _, p := range all {
					got[tag] = append(got[tag], p.Step)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(kind.want) {
				t.Errorf("run %d: %s: got %v, want %v", i, kind.name, got, kind.want)
			}
		}
		if len(run.Graph) == 0 {
			t.Errorf("run %d: got no graph", i)
		}
	}
	if len(runs) != 2 {
		t.Errorf("got %d runs, want 2", len(runs))
	}
}

// Event files that are full are followed by others, and all of them are read: in a
// run, in one that was interrupted, and where a file is there already from a time
// that the clock has yet to reach.
func TestEventFilesFollowEachOther(t *testing.T) {
	s := newFixture(t, 10, 4)
	cfg := train.Config{Epochs: 2, Batch: 4, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, DisplayEvery: 1}
	whole, parts := s.run(t, cfg), t.TempDir()
	ahead := filepath.Join(rundir.Dir(parts).Events(), "events.out.tfevents.4000000000.other.1")
	must(t, os.MkdirAll(filepath.Dir(ahead), 0o777))
	must(t, os.WriteFile(ahead, []byte("no event file"), 0o666))
	for _, stop := range []int64{4, -1} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		job := s.job(t, cfg, parts, latest(t, parts))
		job.EventSize = 2000
		afterStep(stop)(&job, cancel)
		if err := runJob(ctx, cfg, job); (err == nil) != (stop < 0) {
			t.Fatalf("stop at %d: got %v", stop, err)
		}
	}
	files, err := summaries.Files(rundir.Dir(parts).Events())
	must(t, err)
	if len(files) < 6 || files[0] != ahead {
		t.Errorf("got files %q, want many after %q", files, ahead)
	}
	must(t, os.Remove(ahead))
	same(t, parts, whole)
	got, err := train.Points(parts)
	must(t, err)
	want, err := train.Points(whole)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("got points %v, want %v", got, want)
	}
}

// The first images of a run are shown as the network sees them.
func TestRunShowsItsInputs(t *testing.T) {
	s := newFixture(t, 3, 0)
	cfg := train.Config{Epochs: 1, Batch: 2, LearningRate: 1e-3, Optimizer: ops.GradientDescent, DisplayEvery: 1}
	dir := s.run(t, cfg)
	files, err := summaries.Files(rundir.Dir(dir).Events())
	must(t, err)
	count := 0
	for e, err := range summaries.Read(files[0]) {
		must(t, err)
		for _, v := range e.GetSummary().GetValue() {
			if img := v.GetImage(); img != nil {
				count++
				if v.Tag != "inputs" || e.Step != 0 || int(img.Height) < s.network.Size {
					t.Errorf("got %q at step %d, %d high, want inputs at step 0", v.Tag, e.Step, img.Height)
				}
			}
		}
	}
	if count != 1 {
		t.Errorf("got %d images, want 1", count)
	}
}
