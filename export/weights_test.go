package export_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/alexnet"
	"alexnet/export"
	"alexnet/internal/weights"
)

// The tensors of a .safetensors have the names of torchvision's alexnet for owt, whose state dict has these.
func TestSafetensors(t *testing.T) {
	for variant, c := range map[string]struct{ tensors, channels string }{
		"owt":  {"features.0 features.3 features.6 features.8 features.10 classifier.1 classifier.4 classifier.6", "RGB"},
		"crop": {"conv1 conv2 conv3 conv4 conv5 fc6 fc7 fc8", "BGR"},
	} {
		m := newModel(t, variant, 1)
		path := filepath.Join(t.TempDir(), "model.safetensors")
		must(t, export.Weights(path, m.Source))
		f, err := weights.Open(path)
		must(t, err)
		var tensors, layers []string
		for _, l := range f.Layers {
			module, _ := strings.CutSuffix(l.Weights.Tensor, ".weight")
			if l.Biases.Tensor != module+".bias" || l.Weights.Stored[0] != l.Weights.Shape[len(l.Weights.Shape)-1] {
				t.Errorf("%s: got %s %v and %s, want outputs first and biases beside", variant, l.Weights.Tensor, l.Weights.Stored, l.Biases.Tensor)
			}
			tensors, layers = append(tensors, module), append(layers, l.Name)
		}
		if got := strings.Join(tensors, " "); got != c.tensors {
			t.Errorf("%s: got tensors %s, want %s", variant, got, c.tensors)
		}
		if want := m.Description.Network.Architecture().LayerNames(); !slices.Equal(layers, want) || string(f.Channels) != c.channels {
			t.Errorf("%s: got layers %v in %s, want %v in %s", variant, layers, f.Channels, want, c.channels)
		}
		if got := alexnet.Fitting(f); len(got) != 1 || got[0] != m.Description.Network.Architecture().Name {
			t.Errorf("%s: got weights that fit %v", variant, got)
		}
	}
}
