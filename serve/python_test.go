package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/export"
	"alexnet/internal/testenv"
	"alexnet/internal/testmodel"
)

// The responses for an exported model match TensorFlow in Python, and thereby
// TensorFlow Serving.
func TestMatchesPython(t *testing.T) {
	python := testenv.Python(t)
	dir := filepath.Join(t.TempDir(), "model", "1")
	source, err := classify.Find(run)
	must(t, err)
	_, _, err = export.SavedModel(context.Background(), dir, source, export.Options{})
	must(t, err)

	type shown struct {
		Path        string `json:"path"`
		Orientation int    `json:"orientation"`
	}
	var images []shown
	var plain, oriented []string
	for i := 1; i <= 8; i++ {
		encoded := testmodel.Turned(i, i)
		path := filepath.Join(t.TempDir(), "image.jpg")
		must(t, os.WriteFile(path, encoded, 0o644))
		images = append(images, shown{path, i})
		plain = append(plain, b64(encoded))
		oriented = append(oriented, fmt.Sprintf(`{"images":%s,"orientations":%d}`, b64(encoded), i))
	}
	manifest := filepath.Join(t.TempDir(), "manifest.json")
	text, err := json.Marshal(map[string]any{"m": map[string]any{"dir": dir, "images": images}})
	must(t, err)
	must(t, os.WriteFile(manifest, text, 0o644))
	var loaders map[string]map[string]map[string]json.RawMessage
	must(t, json.Unmarshal(testenv.RunPythonOf(t, python, "export/testdata/load.py", manifest, "tf2"), &loaders))
	all := loaders["tf2"]

	s, err := New(context.Background(), dir, Config{})
	must(t, err)
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Close(); must(t, s.Close()) })
	for signature, instances := range map[string][]string{"serving_default": plain, "oriented": oriented} {
		var want [][]float64
		must(t, json.Unmarshal(all["m"][signature], &want))
		rows := readRows(t, post(t, h.URL+predictPath,
			`{"signature_name":"`+signature+`","instances":[`+strings.Join(instances, ",")+`]}`).want(t, http.StatusOK))
		worst := 0.0
		for i, r := range rows {
			for j, p := range r.Probabilities {
				worst = max(worst, math.Abs(float64(p)-want[i][j]))
			}
		}
		if reflect.DeepEqual(want[0], want[1]) {
			t.Errorf("%s: all results are equal", signature)
		}
		if len(rows) != len(want) || !(worst <= 1e-5) {
			t.Errorf("%s: got %d answers, %.2g off, want %d, 1e-5", signature, len(rows), worst, len(want))
		}
		t.Logf("%s: %d images, largest difference of a probability %.2g", signature, len(rows), worst)
	}
}
