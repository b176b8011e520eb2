package export_test

import (
	"encoding/json"
	"testing"

	"alexnet/internal/testenv"
)

// TensorFlow's own converter makes a TensorFlow Lite model of the signature for resized images, which predicts as the
// SavedModel does.
func TestTensorFlowLite(t *testing.T) {
	python := testenv.Python(t)
	for _, variant := range []string{"squash", "owt"} {
		var got struct{ Lite, Saved, Pixels []float64 }
		out := testenv.RunPythonOf(t, python, "export/testdata/lite.py", exported(t, newModel(t, variant, 3)))
		must(t, json.Unmarshal(out, &got))
		if len(got.Lite) != len(classes) || len(got.Saved) != len(classes) {
			t.Fatalf("%s: got %d and %d probabilities, want %d", variant, len(got.Lite), len(got.Saved), len(classes))
		}
		for i, p := range got.Lite {
			if d := p - got.Saved[i]; !(d <= 1e-4 && d >= -1e-4) {
				t.Errorf("%s: got probability %g of class %d, want %g", variant, p, i, got.Saved[i])
			}
			// An image of the network's size is not resized when it is squashed.
			if d := got.Saved[i] - got.Pixels[i]; variant == "squash" && !(d <= tolerance && d >= -tolerance) {
				t.Errorf("%s: got probability %g of class %d, want %g, as for pixels", variant, got.Saved[i], i, got.Pixels[i])
			}
		}
	}
}
