package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/summaries"
	"alexnet/train"
)

// album is a job's view of its run: what it was shown, epoch by epoch.
type recorder struct {
	seen   int      // images of the newest validation
	epochs []string // with steps and images
	picked []string // the last and the first of the validation images, each time
}

func (a *recorder) put(job *train.Job) {
	observe(job).onValidation = func() eval.Observer {
		a.seen = 0
		return func(label int, probabilities []float32) { a.seen++ }
	}
	observe(job).onSummaries = func(ctx context.Context, v train.View) error {
		a.epochs = append(a.epochs, fmt.Sprintf("epoch %d step %d images %d", v.EpochResult.Epoch, v.Step, a.seen))
		for batch, err := range v.Batches(ctx, []input.Pick{{Example: v.Count - 1}, {}}) {
			if err != nil {
				return err
			}
			batch.Images.Close()
			a.picked = append(a.picked, batch.Examples[0].Path, batch.Examples[1].Path)
		}
		return v.Events.Scalar(v.Step, "shown", float64(a.seen))
	}
}

// traces gives by tag the names of the operations that took time.
func traces(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := summaries.Files(rundir.Dir(dir).Events())
	must(t, err)
	all := map[string][]string{}
	for _, file := range files {
		for e, err := range summaries.Read(file) {
			must(t, err)
			tagged := e.GetTaggedRunMetadata()
			if tagged == nil {
				continue
			}
			var m pb.RunMetadata
			must(t, proto.Unmarshal(tagged.GetRunMetadata(), &m))
			for _, device := range m.GetStepStats().GetDevStats() {
				for _, node := range device.GetNodeStats() {
					tag := fmt.Sprint(tagged.Tag, " at ", e.Step)
					all[tag] = append(all[tag], node.GetNodeName())
				}
			}
		}
	}
	return all
}

// A job that shows more changes nothing of the run, and sees each epoch once,
// however often the run is interrupted. The second step's operations are timed.
func TestSummaries(t *testing.T) {
	s := newFixture(t, 10, 3)
	for name, micro := range map[string]int{"at once": 0, "in parts": 2} {
		t.Run(name, func(t *testing.T) {
			cfg := train.Config{Epochs: 2, Batch: 4, MicroBatch: micro, LearningRate: 1e-3, Optimizer: ops.GradientDescent, Dropout: .5, Seed: 7, DisplayEvery: 1}
			plain, dir := s.run(t, cfg), t.TempDir()
			var a recorder
			job := s.job(t, cfg, dir, nil)
			job.Trace = true
			a.put(&job)
			ctx, cancel := context.WithCancel(t.Context())
			observe(&job).onStep = func(st train.StepResult) {
				if st.Step == 4 {
					cancel()
				}
			}
			var stopped *train.InterruptedError
			if err := runJob(ctx, cfg, job); !errors.As(err, &stopped) {
				t.Fatalf("got %v, want an interruption", err)
			}
			from := newest(t, dir)
			job = s.job(t, cfg, dir, &from)
			job.Trace = true
			a.put(&job)
			must(t, runJob(t.Context(), cfg, job))

			if want := []string{"epoch 0 step 0 images 3", "epoch 1 step 3 images 3", "epoch 2 step 6 images 3"}; !slices.Equal(a.epochs, want) {
				t.Errorf("got %q, want %q", a.epochs, want)
			}
			if last, first := s.val[2].Path, s.val[0].Path; !slices.Equal(a.picked, []string{last, first, last, first, last, first}) {
				t.Errorf("got images %q, want %q and %q each time", a.picked, last, first)
			}
			if got, want := curves(t, dir)["shown"], []string{"0: 3 <nil>", "3: 3 <nil>", "6: 3 <nil>"}; !slices.Equal(got, want) {
				t.Errorf("got points %q, want %q", got, want)
			}
			if !bytes.Equal(bundle(t, dir), bundle(t, plain)) {
				t.Error("the run ends with other values")
			}
			got := traces(t, dir)
			if operations := got["step 2 at 2"]; len(got) != 1 || !slices.Contains(operations, "pool5/MaxPool") {
				t.Errorf("got %d traces, of step 2 the operations %q, want one trace and pool5/MaxPool", len(got), operations)
			}
			if got := traces(t, plain); len(got) != 0 {
				t.Errorf("without Show: got %d traces, want none", len(got))
			}
		})
	}
}

// What cannot be shown ends the run, and the epoch is not saved.
func TestSummariesFail(t *testing.T) {
	s := newFixture(t, 4, 2)
	no := errors.New("no")
	dir := t.TempDir()
	job := s.job(t, cached, dir, nil)
	observe(&job).onSummaries = func(_ context.Context, v train.View) error {
		if v.EpochResult.Epoch == 1 {
			return no
		}
		return nil
	}
	if err := runJob(t.Context(), cached, job); !errors.Is(err, no) || names(t, dir) != nil {
		t.Errorf("got %v and checkpoints %v, want %v and none", err, names(t, dir), no)
	}
}
