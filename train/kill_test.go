package train_test

import (
	"bufio"
	"bytes"
	"context"
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
	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/summaries"
	"alexnet/train"
)

// A process with childVar in its environment starts or resumes the run in that
// folder, and prints its progress.
const (
	childVar   = "ALEXNET_TEST_RUN"
	imagesVar  = "ALEXNET_TEST_IMAGES"
	threadsVar = "ALEXNET_TEST_THREADS"
	// seedVar seeds the moments of the kills.
	seedVar = "ALEXNET_SEED"
	// killsVar is how many times processes are killed; scripts/kill sets it.
	killsVar = "ALEXNET_KILLS"
)

// killedConfig are the settings of runs that are killed: every part of a position
// matters in them.
var killedConfig = train.Config{Epochs: 3, Batch: 5, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, Augment: train.FlipAugment,
	Keep: 2, DisplayEvery: 3, SaveEvery: train.Interval{Steps: 1}}

const killedImages, killedTrained = 34, 24

// childMain trains in dir. No checkpoint of earlier processes may be damaged.
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
	observe(&job).onCache = func(f train.CacheProgress) { fmt.Println("progress: fill", f.Done, f.Of) }
	observe(&job).onStep = func(s train.StepResult) { fmt.Println("progress: step", s.Step) }
	must(t, runJob(context.Background(), killedConfig, job))
}

// children are processes that train in one folder.
type children struct {
	dir, images string
	env         []string
}

// killPoint is when a process is sent a signal, SIGKILL unless another is set: some
// time after it has printed a word a number of times. The zero value is never.
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

// start starts a process and kills it at the point, unless it ends before. It returns
// whether it was killed and the last word that it printed.
func (l children) start(t *testing.T, at killPoint) (killed bool, last string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.timeout=2m")
	child.Env = append(append(os.Environ(), childVar+"="+l.dir, imagesVar+"="+l.images), l.env...)
	out, err := child.StdoutPipe()
	must(t, err)
	var stderr strings.Builder
	child.Stderr = &stderr
	must(t, child.Start())
	defer child.Process.Kill()
	var printed []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		printed = append(printed, lines.Text())
		word, ok := strings.CutPrefix(lines.Text(), "progress: ")
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
		t.Fatalf("the process failed: %v\n%s\n%s", err, strings.Join(printed, "\n"), stderr.String())
	}
	return killed, last
}

// uninterrupted is a run that nobody kills.
func (l children) uninterrupted(t *testing.T) (dir string) {
	t.Helper()
	l.dir = filepath.Join(t.TempDir(), "whole")
	if killed, last := l.start(t, killPoint{}); killed {
		t.Fatalf("got killed after %q", last)
	}
	return l.dir
}

// TestKilled kills processes that train until their run is done nevertheless: its
// checkpoints, curves and metrics are bit-identical to those of a run that nobody
// killed, and nothing else is left.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(childVar); dir != "" {
		childMain(t, dir)
		return
	}
	kills, err := strconv.Atoi(os.Getenv(killsVar))
	if err != nil {
		kills = 4
		if testing.Short() {
			t.Skip("starts a process for each of its kills; run without -short")
		}
	}
	seed, err := strconv.ParseUint(os.Getenv(seedVar), 10, 64)
	if err != nil {
		seed = 1
	}
	t.Logf("%s=%d", seedVar, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	l := children{images: filepath.Dir(testImages(t, killedImages)[0].Path)}
	whole := l.uninterrupted(t)
	where := map[string]int{}
	runs, done := 0, 0
	for ; done < kills; runs++ {
		l.dir = filepath.Join(t.TempDir(), "run")
		for killed := true; killed; {
			var last string
			if killed, last = l.start(t, randomKillPoint(random, l.dir)); killed {
				done++
				where[interruptedPhase(t, l.dir, last)]++
			}
		}
		same(t, l.dir, whole)
		if got, want := tree(t, l.dir), tree(t, whole); !slices.Equal(got, want) {
			t.Errorf("got files %v, want %v", got, want)
		}
		if t.Failed() {
			t.Fatalf("run %d", runs)
		}
	}
	t.Logf("%d kills in %d runs, all resumed to the same bits; killed while: %v", done, runs, where)
}

// A process that is stopped for a while, as by Ctrl-Z or a machine that sleeps, loses
// nothing.
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
		for stopped := false; !stopped && err == nil; { // state T: see proc_pid_stat(5)
			var stat []byte
			stat, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
			stopped = bytes.Contains(stat, []byte(") T "))
		}
		paused <- errors.Join(err, p.Signal(syscall.SIGCONT))
	}})
	if err := <-paused; killed || err != nil {
		t.Fatalf("got killed %v, %v", killed, err)
	}
	same(t, l.dir, whole)
}

// Runs of one seed end with the same bits, process after process, with oneDNN's kernels
// and TensorFlow's own, with one thread and two. Other kernels or thread counts may give
// others. All four combinations are tried where processes are killed at length.
func TestRunsRepeat(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two processes for each setting; run without -short")
	}
	images := filepath.Dir(testImages(t, killedImages)[0].Path)
	settings := [][2]string{{"1", "2"}, {"0", "1"}, {"1", "1"}, {"0", "2"}}
	if os.Getenv(killsVar) == "" {
		settings = settings[:2]
	}
	for _, s := range settings {
		env := []string{"TF_ENABLE_ONEDNN_OPTS=" + s[0], threadsVar + "=" + s[1]}
		t.Run(strings.Join(env, " "), func(t *testing.T) {
			l := children{images: images, env: env}
			same(t, l.uninterrupted(t), l.uninterrupted(t))
		})
	}
}

// randomKillPoint is while features are computed, or at any time around a step and its
// checkpoint.
func randomKillPoint(random *rand.Rand, dir string) killPoint {
	saved, _ := train.Checkpoints(dir).List()
	if _, err := os.Stat(dir); err != nil || len(saved) == 0 && random.IntN(2) == 0 {
		return killPoint{word: "fill", times: 1 + random.IntN(50), then: time.Duration(random.IntN(3000)) * time.Microsecond}
	}
	return killPoint{word: "step", times: 1 + random.IntN(4), then: time.Duration(random.IntN(30_000)) * time.Microsecond}
}

// interruptedPhase tells by what a killed process left what it was doing.
func interruptedPhase(t *testing.T, dir, last string) string {
	t.Helper()
	if strings.HasPrefix(last, "fill") {
		return "filling the cache"
	}
	if parts, _ := filepath.Glob(filepath.Join(string(train.Checkpoints(dir)), ".*")); parts != nil {
		return "saving"
	}
	files, _ := summaries.Files(rundir.Dir(dir).Events())
	from := latest(t, dir)
	if from == nil || files == nil {
		return "before the first checkpoint"
	}
	if info, err := os.Stat(files[len(files)-1]); err == nil && info.Size() > from.Events.Size && strings.HasPrefix(last, "step") {
		return "between events and their checkpoint"
	}
	return "in a step"
}

// tree are the files of a run but for those of events, whose names tell times,
// and the index of images, which waits until they have been left alone a while.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(path, "tfevents") {
			all = append(all, strings.TrimPrefix(path, dir))
		}
		return err
	}))
	return all
}
