package export_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"alexnet/export"
	"alexnet/input"
	"alexnet/internal/testenv"
)

// tolerance is the largest difference of a probability from the source's.
const tolerance = 1e-5

// request is what another program is to run.
type request struct {
	Dir    string         `json:"dir"`
	Images []requestImage `json:"images"`
}

type requestImage struct {
	Path        string `json:"path"`
	Orientation int    `json:"orientation"`
}

// response holds its predictions, image by image.
type response struct {
	Oriented     [][]float64 `json:"oriented"`
	Default      [][]float64 `json:"serving_default"`
	Class        []string    `json:"class"` // of serving_default, as all below
	TopClasses   [][]string  `json:"top_classes"`
	TopValues    [][]float64 `json:"top_probabilities"`
	Pixels       [][]float64 `json:"pixels"`       // of images that Python decoded; tf2 only
	PixelsFloat  [][]float64 `json:"pixels_float"` // the same
	Empty        []int       `json:"empty"`        // shape of the probabilities of an empty batch
	FeatureError float64     `json:"feature_error"`
	Variables    int         `json:"variables"`
}

// cases are models of all variants with different weights, the requests for each, and the expected probabilities.
type cases struct {
	models         map[string]model
	images         []input.Example
	manifest       string
	oriented, asIs map[string][][]float64
}

func newCases(t *testing.T) cases {
	t.Helper()
	c := cases{models: map[string]model{}, images: testImages(t), oriented: map[string][][]float64{}, asIs: map[string][][]float64{}}
	requests := map[string]request{}
	for i, name := range allVariants {
		m := newModel(t, name, uint64(i+11))
		r := request{Dir: exported(t, m)}
		for _, p := range c.images {
			r.Images = append(r.Images, requestImage{p.Path, p.Orientation})
		}
		requests[name], c.models[name] = r, m
		c.oriented[name], c.asIs[name] = m.of(t, c.images), m.stored().of(t, c.images)
	}
	text, err := json.Marshal(requests)
	must(t, err)
	c.manifest = filepath.Join(t.TempDir(), "manifest.json")
	must(t, os.WriteFile(c.manifest, text, 0o644))
	return c
}

// check compares another program's predictions with the sources' own.
func (c cases) check(t *testing.T, responses map[string]response) {
	t.Helper()
	if len(responses) == 0 {
		t.Fatal("got no predictions")
	}
	for name, r := range responses {
		stored := c.asIs[name]
		near(t, name+", oriented", r.Oriented, c.oriented[name])
		near(t, name+", as stored", r.Default, stored)
		best := make([][]float64, len(stored))
		for i, row := range stored {
			top := 0
			for j, p := range row {
				if p > row[top] {
					top = j
				}
			}
			if len(r.Class) <= i || r.Class[i] != classes[top] || r.TopClasses[i][0] != classes[top] || len(r.TopClasses[i]) != export.TopK {
				t.Fatalf("%s: image %d: got %v and %v, want %q first", name, i, r.Class, r.TopClasses, classes[top])
			}
			best[i], r.TopValues[i] = []float64{row[top]}, r.TopValues[i][:1]
		}
		near(t, name+", top", r.TopValues, best)
	}
}

// near compares probabilities. It also checks that they vary between images: otherwise the test would be vacuous.
func near(t *testing.T, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d images, want %d", what, len(got), len(want))
	}
	worst, variation := 0.0, 0.0
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: image %d: got %v, want %v", what, i, got[i], want[i])
		}
		for j := range want[i] {
			worst = max(worst, math.Abs(got[i][j]-want[i][j]))
			variation = max(variation, math.Abs(want[i][j]-want[0][j]))
		}
	}
	t.Logf("%s: largest difference of a probability %.2g", what, worst)
	if !(worst <= tolerance) || variation < 1000*tolerance {
		t.Errorf("%s: got a difference of %.2g between probabilities, want %.2g; images vary by %.2g", what, worst, tolerance, variation)
	}
}

// Other programs load exports and agree with their sources: two versions of Python's TensorFlow, by
// tf.saved_model.load of all models into one process, whose variables must not be confused, by TensorFlow 1's loader,
// and by saved_model_cli; and a Go program that uses graft and nothing of this module.
func TestOtherProgramsLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python and builds a program; run without -short")
	}
	c := newCases(t)
	for name, python := range map[string]func(testing.TB) string{"2.18": testenv.Python, "2.21": testenv.NewestPython} {
		t.Run("TensorFlow "+name, func(t *testing.T) {
			var loaders map[string]map[string]response
			must(t, json.Unmarshal(testenv.RunPythonOf(t, python(t), "export/testdata/load.py", c.manifest, "tf2", "tf1", "cli"), &loaders))
			for loader, responses := range loaders {
				t.Run(loader, func(t *testing.T) { c.check(t, responses) })
			}
			for name, r := range loaders["tf2"] {
				if r.Variables != 16 || len(r.Empty) != 2 || r.Empty[0] != 0 || r.Empty[1] != len(classes) || !(r.FeatureError < 1e-5) {
					t.Errorf("%s: got %d variables, shape %v of an empty batch, feature error %g, want 16, [0 %d], 0", name, r.Variables, r.Empty, r.FeatureError, len(classes))
				}
				stored := c.models[name].stored()
				stored.Description.Preprocessing.Decode = "" // pixels are decoded already
				want := stored.of(t, c.images)
				near(t, name+", pixels", r.Pixels, want)
				near(t, name+", pixels_float", r.PixelsFloat, want)
			}
		})
	}
	t.Run("graft", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "loads")
		build := exec.Command("go", "build", "-o", program, ".")
		build.Dir = filepath.Join("testdata", "graft")
		build.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build a program that needs graft alone: %v\n%s", err, out)
		}
		cmd := exec.Command(program, c.manifest)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("run it: %v\n%s", err, stderr.String())
		}
		var responses map[string]response
		must(t, json.Unmarshal(out, &responses))
		c.check(t, responses)
	})
}
