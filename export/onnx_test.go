package export_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/export"
	"alexnet/input"
	"alexnet/internal/testenv"
)

// The ONNX model of each variant passes onnx's checker, and onnxruntime's probabilities are those of the source, as are
// those of its nodes built by TensorFlow's operations.
func TestONNX(t *testing.T) {
	python := testenv.NewestPython(t)
	images := slices.DeleteFunc(testImages(t), func(ex input.Example) bool { return ex.Orientation != 1 })
	models := map[string]model{}
	requests := map[string]any{}
	var paths []string
	for _, ex := range images {
		paths = append(paths, ex.Path)
	}
	for i, name := range allVariants {
		m := newModel(t, name, uint64(i+1))
		if name == "fast" {
			m.Description.Preprocessing.Decode = "" // ONNX takes pixels
		}
		path := filepath.Join(t.TempDir(), "model.onnx")
		o := options
		o.Reference = m.reference(t)
		o.Reference.Examples = images
		found, err := export.ONNX(t.Context(), path, m.Source, o)
		must(t, err)
		if found.Images <= len(images) || found.MaxDifference > tolerance {
			t.Errorf("%s: got %+v, want %d images and more, and at most %g", name, found, len(images), tolerance)
		}
		models[name] = m
		requests[name] = map[string]any{"model": path, "images": paths}
	}
	manifest := filepath.Join(t.TempDir(), "manifest.json")
	text, err := json.Marshal(requests)
	must(t, err)
	must(t, os.WriteFile(manifest, text, 0o666))
	var got map[string][][]float64
	must(t, json.Unmarshal(testenv.RunPythonOf(t, python, "export/testdata/onnx_run.py", manifest), &got))
	for name, m := range models {
		want := m.of(t, images)
		for i := range images {
			for label, p := range got[name][i] {
				if d := p - want[i][label]; !(d <= tolerance && d >= -tolerance) {
					t.Errorf("%s, %s: got probability %g of class %d, want %g", name, images[i].Name, p, label, want[i][label])
				}
			}
		}
	}
}

// An ONNX model whose predictions differ from the reference's is refused, and nothing is written.
func TestONNXIsCompared(t *testing.T) {
	m, other := newModel(t, "squash", 1), newModel(t, "squash", 2)
	path := filepath.Join(t.TempDir(), "model.onnx")
	o := options
	o.Reference = m.reference(t)
	if _, err := export.ONNX(t.Context(), path, other.Source, o); err == nil || !strings.Contains(err.Error(), "got probability") {
		t.Errorf("got %v, want the difference", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no file", err)
	}
	if _, err := export.ONNX(t.Context(), path, m.Source, o); err != nil {
		t.Error(err)
	}
}
