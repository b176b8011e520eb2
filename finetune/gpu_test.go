package finetune_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"alexnet/finetune"
	"alexnet/internal/display"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Training on a GPU gives the same losses as on the CPU. The tolerance allows for TF32, which is used unless
// NVIDIA_TF32_OVERRIDE=0.
func TestGPUMatchesCPU(t *testing.T) {
	found, err := tfgraph.Devices()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(found, "gpu:0") {
		t.Skipf("TensorFlow found %s: see docker/README.md for GPU setup", display.List(found...))
	}
	c := tiny(photos(t, 16))
	c.Epochs, c.Dropout = 3, 0
	losses := func(on tfgraph.Device) (steps []float64) {
		c.Device = on
		w := finetune.Watch{OnStep: func(s train.StepResult) { steps = append(steps, s.Loss) }}
		if err := finetune.Run(t.Context(), filepath.Join(t.TempDir(), string(on[:3])), c, w); err != nil {
			t.Fatal(err)
		}
		return steps
	}
	want, got := losses(tfgraph.CPU), losses("gpu:0")
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("got %d steps, want %d", len(got), len(want))
	}
	largest := 0.0
	for i := range want {
		largest = max(largest, math.Abs(got[i]-want[i])/want[i])
	}
	t.Logf("%d steps, largest relative difference of a loss %.1g", len(want), largest)
	if !(largest <= 2e-3) {
		t.Errorf("losses on the GPU %v, on the CPU %v", got, want)
	}
}
