package weights

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/hint"
)

// Files that PyTorch wrote (testdata/make_pth.py) have the layers and the layout of package alexnet, whatever the form: today's
// and that before 1.6, in a training program's dictionary, of half the size, as parameters, in another order of axes.
func TestTorch(t *testing.T) {
	for name, rounded := range map[string]bool{"today": false, "legacy": false, "checkpoint": false, "parameters": false, "strided": false, "half": true} {
		f, err := Open(filepath.Join("testdata", name+".pth"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, l := range f.Layers {
			got = append(got, fmt.Sprint(l.Name, l.Weights.Shape, l.Weights.Stored, l.Biases.Data))
		}
		want := []string{"conv1[11 11 3 4] [4 3 11 11] [0 1 2 3]", "conv2[5 5 4 6] [6 4 5 5] [0 1 2 3 4 5]",
			"fc3[24 5] [5 24] [0 1 2 3 4]", "fc4[5 7] [7 5] [0 1 2 3 4 5 6]"}
		if !slices.Equal(got, want) || f.Channels != RGB {
			t.Errorf("%s: got %q in %s, want %q in RGB", name, got, f.Channels, want)
			continue
		}
		check := func(layer string, at func(in, out int) (stored, here int), ins, outs int) {
			w, _, _ := f.Lookup(layer)
			for in := range ins {
				for out := range outs {
					stored, here := at(in, out)
					want := float32(stored) / 8
					if rounded {
						want = bfloat16(want)
					}
					if w.Data[here] != want {
						t.Fatalf("%s: %s[%d, %d]: got %v, want %v", name, layer, in, out, w.Data[here], want)
					}
				}
			}
		}
		check("conv2", func(in, out int) (int, int) { // in is channel, row, column
			return out*100 + in, (in%25*4+in/25)*6 + out
		}, 100, 6)
		check("fc3", func(in, out int) (int, int) { return out*24 + in, (in%4*6+in/4)*5 + out }, 24, 5)
		check("fc4", func(in, out int) (int, int) { return out*5 + in, in*7 + out }, 5, 7)
	}
}

// bfloat16 rounds to its 8 bits, halves to even.
func bfloat16(v float32) float32 {
	bits := math.Float32bits(v)
	return math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
}

// A whole module would need classes of the file's choosing.
func TestTorchModule(t *testing.T) {
	_, err := Open(filepath.Join("testdata", "model.pth"))
	if err == nil || !strings.Contains(err.Error(), "torch.nn.modules.linear.Linear") || !strings.Contains(hint.Of(err), "torch.save(model.state_dict()") {
		t.Errorf("got %v, hint %q, want the class refused", err, hint.Of(err))
	}
}
