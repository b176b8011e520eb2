package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/alexnet"
	"alexnet/internal/testenv"
	"alexnet/tfgraph"
)

// TestMain lets the test binary run as its own worker, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		main()
		return
	}
	os.Exit(m.Run())
}

// tiny returns settings of a measurement that takes seconds: one turn of a narrow network on a few drawn images.
func tiny(t *testing.T) (s settings, images string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and runs it many times; run without -short")
	}
	t.Chdir(testenv.Root(t))
	dir := t.TempDir()
	s, images = defaults(), filepath.Join(dir, "images")
	s.Out, s.Program = filepath.Join(dir, "out"), filepath.Join(dir, "alexnet")
	run(t, "go", "build", "-o", s.Program, "./cmd/alexnet")
	run(t, "go", "run", "./scripts/demo-images", "-classes", "rings,stripes", "-count", "8", images)
	s.Epochs, s.PeerEpochs, s.Horizon, s.Turns, s.Steps = 3, 2, 10, 1, 1
	s.Batch, s.Large, s.All, s.Forward, s.Heads = 4, 16, 4, 4, []int{4}
	s.Side, s.Copied = 64, 1
	s.Network = alexnet.Config{Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}
	return s, images
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// Every part works; times are not checked.
func TestBench(t *testing.T) {
	s, images := tiny(t)
	t.Run("beside others", func(t *testing.T) {
		testenv.Nightly(t)
		besideOthers(t, s, images)
	})
	t.Run("alone", func(t *testing.T) { alone(t, s, images) })
	t.Run("growth", func(t *testing.T) { grows(t, s, images) })
}

// besideOthers measures everything with Python's TensorFlow and checks the table, JSON, Markdown and plots.
func besideOthers(t *testing.T, s settings, images string) {
	s.Python = testenv.Python(t)
	r, err := measure(t.Context(), s, images)
	if err != nil {
		t.Fatal(err)
	}
	checkJobs(t, r)
	checkRows(t, r, 12, 7)
	results := filepath.Join(s.Out, "RESULTS.md")
	var printed bytes.Buffer
	if err := r.publish(&printed, s.Out, results); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range r.Jobs {
		if !strings.Contains(printed.String(), o.Name) || !strings.Contains(string(text), "| "+o.Name+" |") {
			t.Errorf("%s: got no line in the table or in the Markdown, want both:\n%s\n%s", o.Name, printed.String(), text)
		}
	}
	var back report
	written, err := os.ReadFile(filepath.Join(s.Out, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(written, &back); err != nil || len(back.Jobs) != len(r.Jobs) || len(back.Rows) != len(r.Rows) {
		t.Errorf("JSON: got %d jobs and %d rows, %v; want %d and %d", len(back.Jobs), len(back.Rows), err, len(r.Jobs), len(r.Rows))
	}
	for _, name := range []string{"time.png", "accuracy.png"} {
		f, err := os.Open(filepath.Join(s.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		if img, err := png.Decode(f); err != nil || img.Bounds().Dx() < 300 {
			t.Errorf("%s: got %v, want an image", name, err)
		}
		f.Close()
	}
}

// checkJobs requires the five programs, and this one in reduced precision if the processor supports it, each with the
// requested epochs and with accuracies that are multiples of 1/6, for six validation images.
func checkJobs(t *testing.T, r *report) {
	t.Helper()
	want := 5
	if tfgraph.HasBFloat16() {
		want += 2
	}
	if len(r.Jobs) != want || r.Val != 6 {
		t.Fatalf("got %d jobs and %d validation images, want %d and 6", len(r.Jobs), r.Val, want)
	}
	for i, o := range r.Jobs {
		epochs := r.Settings.PeerEpochs
		if i == 0 || strings.Contains(o.Name, "--precision") {
			epochs = r.Settings.Epochs
		}
		if o.last().Epoch != epochs || len(o.Points) != epochs+1 || o.Peak <= 0 {
			t.Errorf("%s: got epoch %d, %d points, peak %g; want epoch %d, a point for each and for 0, and a peak", o.Name, o.last().Epoch, len(o.Points), o.Peak, epochs)
		}
		for k, p := range o.Points[1:] {
			sixths := p.Accuracy * 6
			if p.Seconds <= o.Points[k].Seconds || sixths < -1e-3 || sixths > 6.001 || abs(sixths-float64(int(sixths+0.5))) > 1e-3 {
				t.Errorf("%s, epoch %d: got %g s and accuracy %g, want increasing time and a multiple of 1/6", o.Name, p.Epoch, p.Seconds, p.Accuracy)
			}
		}
		if total, measured := o.at(r.Settings.Horizon); measured || total <= o.last().Seconds {
			t.Errorf("%s: got %g s for %d epochs, measured %v; want an extrapolation beyond %g s", o.Name, total, r.Settings.Horizon, measured, o.last().Seconds)
		}
	}
}

// checkRows requires at least want rows with positive values, and wantAgainst of them compared with Python.
func checkRows(t *testing.T, r *report, want, wantAgainst int) {
	t.Helper()
	if len(r.Rows) < want {
		t.Errorf("got %d rows, want %d at least", len(r.Rows), want)
	}
	against := 0
	for _, w := range r.Rows {
		if !(w.Ours.Min > 0 && w.Ours.Min <= w.Ours.Median && w.Ours.Median <= w.Ours.Max) || w.What == "" || w.Unit == "" {
			t.Errorf("got %+v, want positive figures in order, named", w)
		}
		if w.Other != nil && (w.Against == "" || !(w.Other.Min > 0) || !(w.Ratio.Min > 0)) {
			t.Errorf("%s: got %+v beside %q, ratio %+v; want positive figures, named", w.What, w.Other, w.Against, w.Ratio)
		}
		if w.Against == python {
			against++
		}
	}
	if against < wantAgainst {
		t.Errorf("got %d rows against Python TensorFlow, want %d at least", against, wantAgainst)
	}
}

func abs(v float64) float64 { return max(v, -v) }

// alone measures the steps without Python.
func alone(t *testing.T, s settings, images string) {
	s.Peers, s.Parts = "none", []string{"steps"}
	r, err := measure(t.Context(), s, images)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Jobs) > 0 {
		t.Errorf("got %d jobs, want none", len(r.Jobs))
	}
	checkRows(t, r, 8, 0)
}

// grows requires a line for each number of images and epochs.
func grows(t *testing.T, s settings, images string) {
	g, err := grow(t.Context(), s, images, []int{4, 16}, []int{1, 3})
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if err := g.publish(&printed, s.Out); err != nil {
		t.Fatal(err)
	}
	if got := len(g.table()); got != 5 {
		t.Errorf("got %d lines, want a header and 4:\n%s", got, printed.String())
	}
	if strings.Contains(printed.String(), "too few") || strings.Contains(printed.String(), " 0 MiB") {
		t.Errorf("got %s, want all statements and memory values", printed.String())
	}
	if _, err := grow(t.Context(), s, images, []int{17}, []int{1}); err == nil || !strings.Contains(err.Error(), "got 16 training images, want 17") {
		t.Errorf("17 of 16 images: got %v, want an error", err)
	}
}
