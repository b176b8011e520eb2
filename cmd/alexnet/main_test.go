package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/npy"
	"alexnet/internal/sandbox"
	"alexnet/internal/testmodel"
	"alexnet/train"
)

func TestMain(m *testing.M) {
	enterFaults()
	sandbox.Main()
	testscript.Main(m, map[string]func(){"alexnet": main})
}

// enterFaults puts the process under the watch of the test that started it, on systems that can.
var enterFaults = func() {}

// TestScripts runs the scripts in testdata/script, which read as documentation of the program.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("the scripts train many times; run without -short")
	}
	scripts, err := filepath.Abs(filepath.Join("testdata", "script")) // since call changes the working directory
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: scripts,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"images": drawImages,
			"half": func(ts *testscript.TestScript, _ bool, args []string) { // half FILE: an image that decodes with a warning
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), testmodel.Half(1), 0o666))
			},
			"call":     call,
			"exits":    exitsWith,
			"weights":  writeWeights,
			"measured": reportAgrees,
		},
		Setup: setHome,
	})
}

// call implements: call alexnet ARG… runs the program in this process, without starting it and loading TensorFlow again.
func call(ts *testscript.TestScript, neg bool, args []string) {
	if code := callProgram(ts, args[1:]); (code == exitOK) == neg {
		ts.Fatalf("exit code: got %d", code)
	}
}

// calling is held by the script whose directory and environment this process has.
var calling sync.Mutex

func callProgram(ts *testscript.TestScript, args []string) int {
	calling.Lock()
	defer calling.Unlock()
	back, err := os.Getwd()
	ts.Check(err)
	ts.Check(os.Chdir(ts.MkAbs(".")))
	defer os.Chdir(back)
	for _, name := range []string{"HOME", "PATH"} {
		defer os.Setenv(name, os.Getenv(name))
		ts.Check(os.Setenv(name, ts.Getenv(name)))
	}
	return run(args, strings.NewReader(""), ts.Stdout(), ts.Stderr())
}

// setHome keeps caches, such as verdicts on images, in the script's folder.
func setHome(env *testscript.Env) error {
	env.Setenv("HOME", env.WorkDir)
	return nil
}

// drawImages implements: images DIR COUNT CLASS… writes COUNT images into each DIR/CLASS; the first class is dark,
// the following ones are brighter.
func drawImages(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i, class := range args[2:] {
		dir := filepath.Join(ts.MkAbs(args[0]), class)
		ts.Check(os.MkdirAll(dir, 0o777))
		for n := range count {
			ts.Check(drawImage(filepath.Join(dir, fmt.Sprintf("%s %d.jpg", class, n)), uint8(40+120*i), uint64(n)))
		}
	}
}

func drawImage(path string, level uint8, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, uint64(level)))
	img := image.NewRGBA(image.Rect(0, 0, 80+random.IntN(20), 70))
	for i := range img.Pix {
		img.Pix[i] = level + uint8(random.IntN(60))
	}
	img.SetRGBA(0, 0, color.RGBA{255, 0, 0, 255})
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, nil), f.Close())
}

// writeWeights implements: weights FILE writes pretrained weights for the tiny network with three classes.
func writeWeights(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(drawWeights(ts.MkAbs(args[0]), tinyNetwork))
}

// tinyNetwork is the network of tinyFlags, with three classes.
var tinyNetwork = alexnet.Config{Classes: 3, Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}

func drawWeights(path string, of alexnet.Config) error {
	random := rand.New(rand.NewPCG(1, 2))
	var layers []npy.Layer
	for _, l := range of.Layers() {
		inputs := float64(l.Parameters()/l.Biases[0] - 1)
		layers = append(layers, npy.Layer{Name: l.Name,
			Weights: drawArray(random, l.Weights, math.Sqrt(1/inputs)), Biases: drawArray(random, l.Biases, 0)})
	}
	return npy.Write(path, layers...)
}

// drawArray draws values from a normal distribution.
func drawArray(random *rand.Rand, shape []int64, deviation float64) *npy.Array {
	a, count := new(npy.Array), int64(1)
	for _, d := range shape {
		a.Shape, count = append(a.Shape, int(d)), count*d
	}
	for range count {
		a.Data = append(a.Data, float32(deviation*random.NormFloat64()))
	}
	return a
}

// reportAgrees implements: measured FILE RUN compares the output of report --json with the metrics in the run's best
// checkpoint.
func reportAgrees(ts *testscript.TestScript, _ bool, args []string) {
	var got struct {
		Accuracy, Loss float64
		Count          int
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &got))
	all, err := train.Checkpoints(ts.MkAbs(args[1])).List()
	ts.Check(err)
	best, _ := checkpoint.Best(all)
	if m := best.Metrics; m == nil || got.Accuracy != m.Accuracy || math.Abs(got.Loss-m.Loss) > 1e-5*m.Loss || got.Count != m.Count {
		ts.Fatalf("measured: got %+v, want %+v as while it trained", got, m)
	}
}

// exitsWith implements: exits CODE alexnet ARG… is call for a command that must exit with the code.
func exitsWith(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := callProgram(ts, args[2:]); got != want {
		ts.Fatalf("exit code: got %d, want %d", got, want)
	}
}
