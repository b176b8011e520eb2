package train_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"alexnet/alexnet"
	"alexnet/internal/testenv"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// soakVar set to 1 lets the tests run that take minutes; scripts/soak sets it.
const soakVar = "ALEXNET_SOAK"

// A narrow network trains for 2,000 steps in the memory that the first half
// took.
func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	soak(t, newFixture(t, 16, 4), train.Config{Epochs: 10, Batch: 4}, 200)
}

// So it does for 20,000, with a checkpoint every hundred.
func TestMemoryStaysFlatForLong(t *testing.T) {
	if os.Getenv(soakVar) != "1" {
		t.Skipf("takes minutes: scripts/soak runs it, or %s=1", soakVar)
	}
	soak(t, newFixture(t, 16, 4), train.Config{Epochs: 20, Batch: 4, SaveEvery: train.Interval{Steps: 100}}, 1000)
}

// So does the network of the paper for 100, measured from the 25th.
func TestMemoryStaysFlatAtFullSize(t *testing.T) {
	if os.Getenv(soakVar) != "1" {
		t.Skipf("takes minutes: scripts/soak runs it, or %s=1", soakVar)
	}
	s := newFixture(t, 8, 4)
	s.network = alexnet.Config{Classes: 2}.WithDefaults()
	s.preprocessing = s.network.Preprocessing(alexnet.Squash, true, classes)
	decoder, err := alexnet.NewDecoder(s.preprocessing, tfgraph.Options{})
	must(t, err)
	defer decoder.Close()
	s.decoder = decoder
	soak(t, s, train.Config{Epochs: 4, Batch: 8}, 25)
}

// soak trains for the given number of steps per epoch and compares the peak resident memory and open files of the first
// half, in which allocators reach their size, with those of the second: a leak would keep growing.
func soak(t *testing.T, s *fixture, cfg train.Config, steps int) {
	cfg.LearningRate, cfg.Optimizer, cfg.Dropout, cfg.Keep, cfg.DisplayEvery = 1e-4, ops.Momentum, .5, 1, 20
	s.train = slices.Repeat(s.train, steps*cfg.Batch/len(s.train))
	job := s.job(t, cfg, t.TempDir(), nil)
	var sizes, files []int64 // after the first step of the second epoch, and of each later one
	observe(&job).onStep = func(st train.StepResult) {
		if first := st.Done == cfg.Batch; first && st.Epoch > 1 || st.Step == int64(cfg.Epochs*steps) {
			sizes, files = append(sizes, testenv.Resident(t)>>10), append(files, openFiles(t))
			bounded(t, job.Dir, cfg.Keep)
		}
	}
	must(t, runJob(context.Background(), cfg, job))
	t.Logf("after %d steps and each %d that followed: resident %d KiB, open files %d", steps, steps, sizes, files)
	const noise = 4 << 10 // KiB that allocators hold back at one moment and not at another
	half := len(sizes) / 2
	base, most := slices.Max(sizes[:half]), slices.Max(sizes[half:])
	if len(sizes) != cfg.Epochs || most > base+base*2/100+noise {
		t.Errorf("resident memory grew from %d KiB to %d KiB, want it flat", base, most)
	}
	if base, most := slices.Max(files[:half]), slices.Max(files[half:]); most > base {
		t.Errorf("got %d open files and then %d, want no more", base, most)
	}
}

// bounded checks that a run's folder has no more checkpoints than it keeps: those,
// the best, and one inside an epoch.
func bounded(t *testing.T, dir string, keep int) {
	t.Helper()
	entries, err := os.ReadDir(string(train.Checkpoints(dir)))
	must(t, err)
	if most := 3*(keep+2) + 1; len(entries) > most {
		t.Errorf("got %d files of checkpoints, want at most %d", len(entries), most)
	}
}

func openFiles(t *testing.T) int64 {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no open files to count: %v", err)
	}
	return int64(len(entries))
}
