package export_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/input"
	"alexnet/internal/testenv"
)

// tolerance is how far a probability may be from the run's.
const tolerance = 1e-5

// asked is what another program is to run.
type asked struct {
	Dir      string  `json:"dir"`
	Pictures []shown `json:"pictures"`
}

type shown struct {
	Path        string `json:"path"`
	Orientation int    `json:"orientation"`
}

// answered is what it found, picture by picture.
type answered struct {
	Oriented     [][]float64 `json:"oriented"`
	Default      [][]float64 `json:"serving_default"`
	Class        []string    `json:"class"` // of serving_default, as all below
	TopClasses   [][]string  `json:"top_classes"`
	TopValues    [][]float64 `json:"top_probabilities"`
	Pixels       [][]float64 `json:"pixels"`       // of pictures that Python decoded; of Python only
	PixelsFloat  [][]float64 `json:"pixels_float"` // the same
	Empty        []int       `json:"empty"`        // shape of the probabilities of no pictures
	FeatureError float64     `json:"feature_error"`
	Variables    int         `json:"variables"`
}

// cases are models with other contracts and other weights, and what to ask of each.
type cases struct {
	models   map[string]model
	pictures []input.Example
	manifest string
}

func newCases(t *testing.T, names ...string) cases {
	t.Helper()
	c := cases{models: map[string]model{}, pictures: pictures(t)}
	ask := map[string]asked{}
	for i, name := range names {
		c.models[name] = newModel(t, name, uint64(i+1))
		a := asked{Dir: exported(t, c.models[name])}
		for _, p := range c.pictures {
			a.Pictures = append(a.Pictures, shown{p.Path, p.Orientation})
		}
		ask[name] = a
	}
	text, err := json.Marshal(ask)
	must(t, err)
	c.manifest = filepath.Join(t.TempDir(), "manifest.json")
	must(t, os.WriteFile(c.manifest, text, 0o644))
	return c
}

// hold compares another program's answers with the runs' own.
func (c cases) hold(t *testing.T, output []byte) map[string]answered {
	t.Helper()
	var got map[string]answered
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for name, m := range c.models {
		a, stored := got[name], m.stored().of(t, c.pictures)
		near(t, name+", oriented", a.Oriented, m.of(t, c.pictures))
		near(t, name+", as stored", a.Default, stored)
		best := make([][]float64, len(stored))
		for i, row := range stored {
			top := 0
			for j, p := range row {
				if p > row[top] {
					top = j
				}
			}
			if len(a.Class) <= i || a.Class[i] != classes[top] || a.TopClasses[i][0] != classes[top] || len(a.TopClasses[i]) != 5 {
				t.Fatalf("%s: picture %d: got %v and %v, want %q first", name, i, a.Class, a.TopClasses, classes[top])
			}
			best[i], a.TopValues[i] = []float64{row[top]}, a.TopValues[i][:1]
		}
		near(t, name+", top", a.TopValues, best)
	}
	return got
}

// near compares probabilities. A test of pictures that all look alike would show
// nothing, so that is checked too.
func near(t *testing.T, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d pictures, want %d", what, len(got), len(want))
	}
	worst, spread := 0.0, 0.0
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: picture %d: got %v, want %v", what, i, got[i], want[i])
		}
		for j := range want[i] {
			worst = max(worst, math.Abs(got[i][j]-want[i][j]))
			spread = max(spread, math.Abs(want[i][j]-want[0][j]))
		}
	}
	if !(worst <= tolerance) || spread < 1000*tolerance {
		t.Errorf("%s: got probabilities %.2g off, want %.2g; pictures differ by %.2g", what, worst, tolerance, spread)
	}
	t.Logf("%s: largest difference %.2g, pictures differ by up to %.2g", what, worst, spread)
}

// Python's loaders: tf.saved_model.load of all models into one process, which must not
// take their variables for each other's, and TF1's loader.
func TestPythonLoads(t *testing.T) {
	if testing.Short() {
		t.Skip("Python is started many times; run without -short")
	}
	for name, python := range map[string]func(testing.TB) string{"2.18": testenv.Python, "2.21": testenv.NewestPython} {
		t.Run(name, func(t *testing.T) {
			interpreter := python(t)
			c := newCases(t, allVariants...)
			t.Run("tf.saved_model.load", func(t *testing.T) {
				for name, a := range c.hold(t, testenv.RunPythonOf(t, interpreter, "export/testdata/load.py", "tf2", c.manifest)) {
					if a.Variables != 16 || len(a.Empty) != 2 || a.Empty[0] != 0 || a.Empty[1] != len(classes) || !(a.FeatureError < 1e-5) {
						t.Errorf("%s: got %d variables, shape %v of nothing, features %g off, want 16, [0 %d], 0", name, a.Variables, a.Empty, a.FeatureError, len(classes))
					}
					stored := c.models[name].stored()
					stored.Description.Preprocessing.Decode = "" // pixels come decoded
					want := stored.of(t, c.pictures)
					near(t, name+", pixels", a.Pixels, want)
					near(t, name+", pixels_float", a.PixelsFloat, want)
				}
			})
			t.Run("tf.compat.v1", func(t *testing.T) {
				c.hold(t, testenv.RunPythonOf(t, interpreter, "export/testdata/load.py", "tf1", c.manifest))
			})
			t.Run("saved_model_cli", func(t *testing.T) { // a process for each run: one model will do
				c := newCases(t, "crop")
				c.hold(t, testenv.RunPythonOf(t, interpreter, "export/testdata/cli.py", c.manifest))
			})
		})
	}
}

// A program of its own, which knows graft and nothing of alexnet.
func TestGraftLoads(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program; run without -short")
	}
	program := filepath.Join(t.TempDir(), "loads")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("testdata", "graft")
	build.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build a program that needs graft alone: %v\n%s", err, out)
	}
	c := newCases(t, allVariants...)
	cmd := exec.Command(program, c.manifest)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("run it: %v\n%s", err, stderr.String())
	}
	c.hold(t, stdout.Bytes())
}

// The program must not have learnt of this module.
func TestGraftProgramStandsAlone(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "graft", "go.mod"))
	must(t, err)
	if strings.Contains(string(text), "replace") || !strings.Contains(string(text), "github.com/wamuir/graft v0.10.0") {
		t.Errorf("got %s, want graft alone", text)
	}
}
