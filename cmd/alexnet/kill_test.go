package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/rundir"
	"alexnet/internal/testenv"
	"alexnet/summaries"
	"alexnet/train"
)

// killsVar sets how many times TestKilledProgram kills runs of the tiny network, fullKillsVar of the full one; scripts/kill
// sets them.
const (
	killsVar     = "ALEXNET_KILLS"
	fullKillsVar = "ALEXNET_KILLS_WHOLE"
)

// TestKilledProgram kills the program at random times and repeats its command line, as a supervisor does, until the run is
// finished. Its files are bit-identical to those of an uninterrupted run.
func TestKilledProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the uninterrupted program several times; run without -short")
	}
	kills, bvlc, owt, flags := 6, tinyNetwork, tinyNetwork, tinyFlags
	if n, err := strconv.Atoi(os.Getenv(killsVar)); err == nil {
		kills = n
	}
	if n, err := strconv.Atoi(os.Getenv(fullKillsVar)); err == nil {
		kills, bvlc, flags = n, alexnet.Config{Classes: 3}, []string{"--batch=8"}
		owt = bvlc
	}
	owt.Arch = alexnet.OWT.Name
	data := photos(t)
	cases := map[string]struct {
		network alexnet.Config
		layers  string
	}{
		"all layers":               {bvlc, "all"},
		"frozen convolutions":      {bvlc, "fc6,fc7,fc8"},
		"owt, frozen convolutions": {owt, "fc6,fc7,fc8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pretrained := filepath.Join(t.TempDir(), "weights.npy")
			if err := drawWeights(pretrained, c.network); err != nil {
				t.Fatal(err)
			}
			chance := rand.New(rand.NewPCG(testenv.Seed(t), 0))
			m := killedRun{data, slices.Concat(flags, []string{"--weights=" + pretrained, "--train-layers=" + c.layers, "--optimizer=adam", "--lr=1e-5",
				"--val=.25", "--epochs=2", "--keep=1", "--save-every=1", "--display-every=2"}), t.TempDir()}
			uninterrupted := filepath.Join(t.TempDir(), "uninterrupted")
			began := time.Now()
			if m.start(t, uninterrupted, time.Hour) {
				t.Fatal("uninterrupted run was killed")
			}
			took := time.Since(began)
			done, where := 0, map[string]int{}
			for done < kills/len(cases) {
				run := filepath.Join(t.TempDir(), "run")
				for m.start(t, run, time.Duration(chance.Int64N(int64(took)))) {
					done++
					where[leftBehind(run)]++
				}
				if got, want := contents(t, run), contents(t, uninterrupted); !reflect.DeepEqual(got, want) {
					t.Fatalf("got %v, want %v", got, want)
				}
			}
			t.Logf("%d kills, %v at most after the start; left behind: %v", done, took.Round(time.Millisecond), where)
		})
	}
}

// killedRun is a run's command, and a cache folder that all its processes share.
type killedRun struct {
	data  string
	flags []string
	home  string
}

// start runs the program, always with the same command line, and kills it after a while.
func (m killedRun) start(t *testing.T, run string, after time.Duration) (killed bool) {
	t.Helper()
	args := append([]string{"train", m.data, "--out", run, "--resume"}, m.flags...)
	cmd, stderr := program(t, args...)
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+m.home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	killer.Stop()
	if err != nil && cmd.ProcessState.Exited() {
		t.Fatalf("%v: %v\n%s", args, err, stderr)
	}
	return err != nil
}

// leftBehind classifies what a killed program left on disk.
func leftBehind(run string) string {
	all, _ := train.Checkpoints(run).List()
	half, _ := filepath.Glob(filepath.Join(string(train.Checkpoints(run)), ".*"))
	switch {
	case half != nil:
		return "partial checkpoint"
	case len(all) > 0:
		return "checkpoints"
	}
	return "no checkpoint"
}

// contents are the files of a run, without event files, whose names contain times.
// Metrics and checkpoint descriptions count without times.
func contents(t *testing.T, run string) map[string]any {
	t.Helper()
	all := map[string]any{}
	err := filepath.WalkDir(run, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "tfevents") {
			return err
		}
		all[strings.TrimPrefix(path, run)], err = readContent(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func readContent(path string) (any, error) {
	switch {
	case filepath.Base(path) == "metrics.csv":
		rows, err := rundir.Dir(filepath.Dir(path)).MetricsRows()
		for i, row := range rows {
			rows[i] = row[:len(row)-2] // images_per_second, seconds
		}
		return rows, err
	case strings.HasSuffix(path, ".ckpt.json"):
		meta, err := checkpoint.ReadMeta(strings.TrimSuffix(path, ".json"))
		meta.Saved, meta.Events = time.Time{}, summaries.Position{}
		return meta, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}
