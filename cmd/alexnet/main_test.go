package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
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
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/pretrained"
	"alexnet/internal/sandbox"
	"alexnet/internal/testmodel"
	"alexnet/internal/weights"
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
	packWeights(t)
	testscript.Run(t, testscript.Params{
		Dir: scripts,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"images": drawImages,
			"half": func(ts *testscript.TestScript, _ bool, args []string) { // half FILE: an image that decodes with a warning
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), testmodel.Half(1), 0o666))
			},
			"call":    call,
			"exits":   exitsWith,
			"weights": writeWeights,
			"weights-owt": func(ts *testscript.TestScript, _ bool, args []string) { // weights-owt FILE: of a narrow owt
				ts.Check(drawWeights(ts.MkAbs(args[0]), tinyOWT))
			},
			"packed": func(ts *testscript.TestScript, _ bool, args []string) { // packed FILE: the package of packWeights
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), packedWeights, 0o666))
			},
			"measured": reportAgrees,
		},
		Setup: setHome(os.Getenv("PATH")),
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
	for _, name := range []string{"HOME", "PATH", weightsVar} {
		defer os.Setenv(name, os.Getenv(name))
		ts.Check(os.Setenv(name, ts.Getenv(name)))
	}
	return run(args, strings.NewReader(""), ts.Stdout(), ts.Stderr())
}

// setHome keeps caches, such as verdicts on images, in the script's folder. It sets PATH too, which call changes.
func setHome(path string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		env.Setenv("HOME", env.WorkDir)
		env.Setenv("PATH", path)
		return nil
	}
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

// writeWeights implements: weights FILE LAYER… writes pretrained weights of these layers, or of all, for the tiny network
// with three classes.
func writeWeights(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(drawWeights(ts.MkAbs(args[0]), tinyNetwork, args[1:]...))
}

// packedWeights is a source package with weights for the tiny network.
var packedWeights []byte

// packWeights adds weights called tiny to those that can be got.
func packWeights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.npy")
	if err := drawWeights(path, tinyNetwork); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const member = "tiny-weights-1.0/tiny.npy"
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: member, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(content)
	if err := errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	packedWeights = b.Bytes()
	sum := func(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
	real := pretrained.Files
	t.Cleanup(func() { pretrained.Files = real })
	pretrained.Files = append(slices.Clip(real), pretrained.File{
		Provenance: pretrained.Provenance{Name: "tiny", SHA256: sum(content), Origin: "drawn for a test", License: "a license of a test"},
		Kind:       pretrained.Weights, Arch: alexnet.BVLC.Name, Content: "all layers", Bytes: int64(len(content)), URL: "https://example.com",
		Package: &pretrained.Package{Name: "tiny-weights", Version: "1.0", Bytes: int64(len(packedWeights)), SHA256: sum(packedWeights), Member: member},
	})
}

// tinyNetwork is the network of tinyFlags, with three classes.
var tinyNetwork = alexnet.Config{Classes: 3, Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}

// tinyOWT is a narrow network of the other architecture.
var tinyOWT = alexnet.Config{Arch: alexnet.OWT.Name, Classes: 2, Size: 67, Widths: []int{8, 12, 16, 12, 8, 20, 16}}

func drawWeights(path string, of alexnet.Config, only ...string) error {
	random := rand.New(rand.NewPCG(1, 2))
	var layers []weights.Layer
	for _, l := range of.Layers() {
		if len(only) > 0 && !slices.Contains(only, l.Name) {
			continue
		}
		inputs := float64(l.Parameters()/l.Biases[0] - 1)
		layers = append(layers, weights.Layer{Name: l.Name,
			Weights: drawArray(random, l.Weights, math.Sqrt(1/inputs)), Biases: drawArray(random, l.Biases, 0)})
	}
	return weights.Write(path, layers...)
}

// drawArray draws values from a normal distribution.
func drawArray(random *rand.Rand, shape []int64, deviation float64) *weights.Array {
	a, count := new(weights.Array), int64(1)
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
