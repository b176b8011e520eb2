package serve

import (
	"context"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/internal/testmodel"
)

// A model with NaN weights is rejected, even if its output is finite because ReLU
// turned the NaN of a convolution into zeros.
func TestNewRejectsNaN(t *testing.T) {
	for variable, hidden := range map[string]bool{"conv2/weights": true, "fc8/biases": false} {
		t.Run(variable, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			must(t, testmodel.WriteNonFinite(dir, variable, classes...))
			ctx := context.Background()
			s, err := New(ctx, dir, Config{})
			if err == nil {
				must(t, s.Close())
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), variable) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want it to name %s and the model", err, variable)
			}
			model, err := classify.Open(ctx, dir, classify.Options{})
			must(t, err)
			defer model.Close()
			result, err := model.Classify(ctx, classify.FromImage(image.NewGray(image.Rect(0, 0, 9, 9))))
			must(t, err)
			if got := !math.IsNaN(result.Probability); got != hidden {
				t.Errorf("got probability %v, want a number: %t", result.Probability, hidden)
			}
		})
	}
}
