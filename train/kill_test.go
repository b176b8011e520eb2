package train_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"alexnet/checkpoint"
	"alexnet/ops"
	"alexnet/summaries"
	"alexnet/train"
)

// A process with lifeVar in its environment is a life of the run in that folder:
// it begins it, or resumes with it, and says on its output where it is.
const (
	childVar   = "ALEXNET_TEST_LIFE"
	imagesVar  = "ALEXNET_TEST_PICTURES"
	threadsVar = "ALEXNET_TEST_THREADS"
	// killsVar is how many times processes are killed; scripts/kill sets it.
	killsVar = "ALEXNET_KILLS"
)

// mortal are the settings of runs that are killed: all that a position is made
// of matters in them.
var killedConfig = train.Config{Epochs: 3, Batch: 5, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, Augment: train.FlipAugment,
	Keep: 2, DisplayEvery: 3, SaveEvery: train.Interval{Steps: 1}}

const killedImages, killedTrained = 34, 24

// live is one life. Of what earlier ones left nothing may be damaged.
func childMain(t *testing.T, dir string) {
	s := fixtureOf(t, examplesIn(t, os.Getenv(imagesVar)), killedTrained)
	s.layers = []string{"fc7", "fc8"}
	s.cache = train.Cache{Budget: 1} // so that features are kept in the run directory
	from, damaged, err := train.Checkpoints(dir).Newest(context.Background())
	if damaged != nil || err != nil && !errors.Is(err, checkpoint.ErrNone) {
		t.Fatalf("got %v, %v, want no checkpoint damaged", damaged, err)
	}
	door := &from
	if err != nil {
		door = nil
	}
	job := s.job(t, killedConfig, dir, door)
	if n, err := strconv.Atoi(os.Getenv(threadsVar)); err == nil {
		job.Session.IntraOp, job.Session.InterOp = n, n
	}
	job.EventSize = 40_000 // some steps' worth, so that files change
	job.Progress.OnCache = func(f train.CacheProgress) { fmt.Println("life: fill", f.Done, f.Of) }
	job.Progress.OnStep = func(s train.StepResult) { fmt.Println("life: step", s.Step) }
	must(t, train.Run(context.Background(), killedConfig, job))
}

// lives are those of one run.
type children struct {
	dir, images string
	env         []string
}

// moment is when a process is sent a signal, SIGKILL where none is named: some
// time after it has said a word so often. The zero value is never.
type killPoint struct {
	word   string
	times  int
	then   time.Duration
	signal func(*os.Process)
}

func (m killPoint) send(to *os.Process) {
	if m.signal == nil {
		_ = to.Kill()
		return
	}
	m.signal(to)
}

// life starts a process and kills it at the moment, unless it ends before. It
// returns whether it was killed and the last that it said.
func (l children) start(t *testing.T, at killPoint) (killed bool, last string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.timeout=2m")
	child.Env = append(append(os.Environ(), childVar+"="+l.dir, imagesVar+"="+l.images), l.env...)
	out, err := child.StdoutPipe()
	must(t, err)
	var complaint strings.Builder
	child.Stderr = &complaint
	must(t, child.Start())
	defer child.Process.Kill()
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		word, ok := strings.CutPrefix(lines.Text(), "life: ")
		if !ok {
			continue
		}
		if last = word; at.times > 0 && strings.HasPrefix(word, at.word) {
			if at.times--; at.times == 0 {
				time.AfterFunc(at.then, func() { at.send(child.Process) })
			}
		}
	}
	err = child.Wait()
	killed = !child.ProcessState.Exited()
	if err != nil && !killed {
		t.Fatalf("a life ended badly: %v\n%s\n%s", err, strings.Join(said, "\n"), complaint.String())
	}
	return killed, last
}

// whole is a run that nobody kills.
func (l children) uninterrupted(t *testing.T) (dir string) {
	t.Helper()
	l.dir = filepath.Join(t.TempDir(), "whole")
	if killed, last := l.start(t, killPoint{}); killed {
		t.Fatalf("got killed after %q", last)
	}
	return l.dir
}

// TestKilled kills processes that train until their run is done nevertheless:
// its checkpoints, curves and metrics are those of a run that nobody killed, to
// the last bit, and nothing else is left.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(childVar); dir != "" {
		childMain(t, dir)
		return
	}
	kills, err := strconv.Atoi(os.Getenv(killsVar))
	if err != nil {
		kills = 10
		if testing.Short() {
			t.Skip("starts a process for each of its kills; run without -short")
		}
	}
	seed := uint64(time.Now().UnixNano())
	chance := rand.New(rand.NewPCG(seed, 0))
	l := children{images: filepath.Dir(testImages(t, killedImages)[0].Path)}
	whole := l.uninterrupted(t)
	where := map[string]int{}
	runs, done := 0, 0
	for ; done < kills; runs++ {
		l.dir = filepath.Join(t.TempDir(), "run")
		for killed := true; killed; {
			var last string
			if killed, last = l.start(t, randomKillPoint(chance, l.dir)); killed {
				done++
				where[interruptedPhase(t, l.dir, last)]++
			}
		}
		same(t, l.dir, whole)
		if got, want := tree(t, l.dir), tree(t, whole); !slices.Equal(got, want) {
			t.Errorf("got files %v, want %v", got, want)
		}
		if t.Failed() {
			t.Fatalf("seed %d, run %d", seed, runs)
		}
	}
	t.Logf("%d kills in %d runs, all went on to the same bits; what they interrupted: %v", done, runs, where)
}

// A process that is stopped for a while, as by Ctrl-Z or a machine that sleeps, and
// resumes has lost nothing.
func TestPaused(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two processes; run without -short")
	}
	l := children{images: filepath.Dir(testImages(t, killedImages)[0].Path)}
	whole := l.uninterrupted(t)
	paused := make(chan error, 1)
	l.dir = filepath.Join(t.TempDir(), "run")
	killed, _ := l.start(t, killPoint{word: "step", times: 3, signal: func(p *os.Process) {
		err := p.Signal(syscall.SIGSTOP)
		time.Sleep(500 * time.Millisecond)
		paused <- errors.Join(err, p.Signal(syscall.SIGCONT))
	}})
	if err := <-paused; killed || err != nil {
		t.Fatalf("got killed %v, %v", killed, err)
	}
	same(t, l.dir, whole)
}

// Runs of one seed end with the same bits, process after process, whatever kernels
// and however many threads: no setting has to be given for a run to repeat. Other
// kernels, or other threads, may give others.
func TestRunsRepeat(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two processes for each setting; run without -short")
	}
	images := filepath.Dir(testImages(t, killedImages)[0].Path)
	run := func(t *testing.T, env ...string) (dir string, took time.Duration) {
		began := time.Now()
		dir = children{images: images, env: env}.uninterrupted(t)
		return dir, time.Since(began)
	}
	for _, kernels := range []string{"TF_ENABLE_ONEDNN_OPTS=1", "TF_ENABLE_ONEDNN_OPTS=0"} {
		for _, threads := range []string{"1", "2"} {
			t.Run(kernels+" threads "+threads, func(t *testing.T) {
				first, took := run(t, kernels, threadsVar+"="+threads)
				second, _ := run(t, kernels, threadsVar+"="+threads)
				same(t, second, first)
				forced, tookForced := run(t, kernels, threadsVar+"="+threads, "TF_DETERMINISTIC_OPS=1")
				t.Logf("last checkpoint %x, with TF_DETERMINISTIC_OPS %x; %v and %v", sha256.Sum256(bundle(t, first)), sha256.Sum256(bundle(t, forced)), took, tookForced)
			})
		}
	}
}

// someMoment is early in a run while its features are computed, later at any
// time around a step and its save.
func randomKillPoint(chance *rand.Rand, dir string) killPoint {
	if _, err := os.Stat(filepath.Join(dir, "filling.json")); err == nil || !cacheExists(dir) && chance.IntN(2) == 0 {
		return killPoint{word: "fill", times: 1 + chance.IntN(50), then: time.Duration(chance.IntN(3000)) * time.Microsecond}
	}
	return killPoint{word: "step", times: 1 + chance.IntN(4), then: time.Duration(chance.IntN(30_000)) * time.Microsecond}
}

func cacheExists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cache"))
	return err == nil
}

// residue says by what a killed process left what it was at.
func interruptedPhase(t *testing.T, dir, last string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "filling.json")); err == nil {
		return "filling the cache"
	}
	if parts, _ := filepath.Glob(filepath.Join(string(train.Checkpoints(dir)), ".*")); parts != nil {
		return "saving"
	}
	files, _ := summaries.Files(train.Events(dir))
	from := latest(t, dir)
	if from == nil || files == nil {
		return "before the first checkpoint"
	}
	if info, err := os.Stat(files[len(files)-1]); err == nil && info.Size() > from.Events.Size && strings.HasPrefix(last, "step") {
		return "between events and their checkpoint"
	}
	return "in an update"
}

// tree are the files of a run but for those of events, whose names tell times,
// and the index of images, which waits until they have been left alone a while.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(path, "tfevents") && d.Name() != "pictures.index" {
			all = append(all, strings.TrimPrefix(path, dir))
		}
		return err
	}))
	return all
}
