package weights

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/safetensors"
	"alexnet/internal/tensorfile"
)

// tensor is a tensor of the values 0, 1, 2, ….
func tensor(name string, shape ...int) tensorfile.Array {
	a := tensorfile.Array{Name: name, Shape: shape, Data: make([]float32, tensorfile.Elements(shape))}
	for i := range a.Data {
		a.Data[i] = float32(i)
	}
	return a
}

// torchvision is a small network under torchvision's names, in the order of their letters.
func torchvision(prefix string) []tensorfile.Array {
	arrays := []tensorfile.Array{
		tensor("classifier.1.weight", 5, 4*2*2), tensor("classifier.1.bias", 5),
		tensor("classifier.4.weight", 6, 5), tensor("classifier.4.bias", 6),
		tensor("features.0.weight", 2, 3, 11, 11), tensor("features.0.bias", 2),
		tensor("features.10.weight", 4, 3, 3, 3), tensor("features.10.bias", 4),
		tensor("features.3.weight", 3, 2, 5, 5), tensor("features.3.bias", 3),
		tensor("num_batches", 1),
	}
	for i := range arrays {
		arrays[i].Name = prefix + arrays[i].Name
	}
	return arrays
}

func openSafetensors(t *testing.T, arrays ...tensorfile.Array) (*File, error) {
	t.Helper()
	var out bytes.Buffer
	must(t, safetensors.Write(&out, tensorfile.Float32, nil, arrays...))
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	must(t, os.WriteFile(path, out.Bytes(), 0o666))
	return Open(path)
}

// Layers of other names are mapped by order, and brought to the layout of package alexnet.
func TestLayersByOrder(t *testing.T) {
	for _, prefix := range []string{"", "module.", "model.net."} {
		f, err := openSafetensors(t, torchvision(prefix)...)
		must(t, err)
		var names []string
		for _, l := range f.Layers {
			names = append(names, fmt.Sprint(l.Name, l.Weights.Shape, l.Weights.Tensor, l.Weights.Stored))
		}
		p := prefix
		want := []string{
			"conv1[11 11 3 2]" + p + "features.0.weight[2 3 11 11]", "conv2[5 5 2 3]" + p + "features.3.weight[3 2 5 5]",
			"conv3[3 3 3 4]" + p + "features.10.weight[4 3 3 3]", "fc4[16 5]" + p + "classifier.1.weight[5 16]", "fc5[5 6]" + p + "classifier.4.weight[6 5]",
		}
		if !slices.Equal(names, want) {
			t.Errorf("got layers\n%q, want\n%q", names, want)
		}
		if !slices.Equal(f.Other, []string{prefix + "num_batches"}) || f.Channels != RGB {
			t.Errorf("got other %q, channels %q", f.Other, f.Channels)
		}
		checkLayout(t, f)
	}
}

func checkLayout(t *testing.T, f *File) {
	t.Helper()
	w, _, _ := f.Lookup("conv2")
	for out := range 3 {
		for in := range 2 {
			for y := range 5 {
				for x := range 5 {
					if got, want := w.Data[((y*5+x)*2+in)*3+out], float32(((out*2+in)*5+y)*5+x); got != want {
						t.Fatalf("conv2[%d %d %d %d]: got %v, want %v", y, x, in, out, got, want)
					}
				}
			}
		}
	}
	w, _, _ = f.Lookup("fc4")
	for out := range 5 {
		for c := range 4 {
			for y := range 2 {
				for x := range 2 {
					if got, want := w.Data[((y*2+x)*4+c)*5+out], float32(out*16+(c*2+y)*2+x); got != want {
						t.Fatalf("fc4[%d %d %d, %d]: got %v, want %v", y, x, c, out, got, want)
					}
				}
			}
		}
	}
	w, _, _ = f.Lookup("fc5")
	if w.Data[1] != 5 || w.Data[6] != 1 {
		t.Errorf("fc5: got %v, want it transposed", w.Data)
	}
}

// Layers are called as here by Caffe's users too; their layout is then told by the first convolution.
func TestLayersByName(t *testing.T) {
	f, err := openSafetensors(t, tensor("net.fc3.weight", 5, 16), tensor("net.conv1.weight", 2, 3, 11, 11), tensor("net.conv2.weight", 4, 2, 5, 5), tensor("net.norm.weight", 7))
	must(t, err)
	var names []string
	for _, l := range f.Layers {
		names = append(names, fmt.Sprint(l.Name, l.Weights.Shape))
	}
	if want := []string{"fc3[16 5]", "conv1[11 11 3 2]", "conv2[5 5 2 4]", "norm[7]"}; !slices.Equal(names, want) || f.Channels != "" {
		t.Errorf("got %q, channels %q, want %q", names, f.Channels, want)
	}
	kernels := []tensorfile.Array{tensor("Conv_0/kernel", 11, 11, 3, 2), tensor("Conv_1/kernel", 5, 5, 2, 4), tensor("Dense_0/kernel", 16, 5)}
	if f, err = openSafetensors(t, kernels...); err != nil || !slices.Equal(f.Layers[0].Weights.Data, kernels[0].Data) || !slices.Equal(f.Layers[2].Weights.Data, kernels[2].Data) {
		t.Errorf("got %v, %v, want kernels as they are", f, err)
	}
}

func TestLayersRefused(t *testing.T) {
	for name, test := range map[string]struct {
		arrays []tensorfile.Array
		want   string
	}{
		"no layers":             {[]tensorfile.Array{tensor("step", 1)}, `other entries ["step"]`},
		"an array twice":        {[]tensorfile.Array{tensor("conv1.weight", 2, 3, 11, 11), tensor("conv1/weights", 2, 3, 11, 11)}, "each array once"},
		"the order of channels": {[]tensorfile.Array{tensor("fc6.weight", 5, 16), tensor("fc6.bias", 5)}, `"fc6.weight" without it`},
	} {
		if f, err := openSafetensors(t, test.arrays...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, %v, want %q", name, f, err, test.want)
		}
	}
}

func TestReorderChannels(t *testing.T) {
	f, err := openSafetensors(t, torchvision("")...)
	must(t, err)
	w, _, _ := f.Lookup("conv1")
	before := slices.Clone(w.Data)
	f.ReorderChannels("conv1", RGB)
	if !slices.Equal(w.Data, before) {
		t.Error("RGB to RGB: got other values")
	}
	f.ReorderChannels("conv1", BGR)
	for i := 0; i < len(before); i += 6 {
		b, a := before[i:i+6], w.Data[i:i+6]
		if want := []float32{b[4], b[5], b[2], b[3], b[0], b[1]}; !slices.Equal(a, want) {
			t.Fatalf("got %v, want %v", a, want)
		}
	}
	f.ReorderChannels("conv1", RGB)
	if !slices.Equal(w.Data, before) {
		t.Error("to BGR and back: got other values")
	}
}

func TestCompareNatural(t *testing.T) {
	names := []string{"features.0", "features.3", "features.10", "features.10.a", "features.a", "g"}
	for i, a := range names {
		for j, b := range names {
			if got := compareNatural(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q and %q: got %d", a, b, got)
			}
		}
	}
}

// TestMemory reads sparse files that claim more than the limit. Nothing is allocated.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name     string
		elements int64
	}{
		{"too large", maxMemory/4 + 1},
		{"far too large", 1 << 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a_W.npy")
			text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (1, %d), }\n", c.elements)
			head := append([]byte("\x93NUMPY\x01\x00"), byte(len(text)), 0)
			head = append(head, text...)
			if err := os.WriteFile(path, head, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, int64(len(head))+4*c.elements); err != nil {
				t.Skip("no files of that size here: ", err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := open(dir)
			runtime.ReadMemStats(&after)
			var format *tensorfile.Error
			if !errors.As(err, &format) || format.Path != path || !strings.Contains(err.Error(), "bytes of memory") {
				t.Errorf("got %v, want a refusal", err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("allocated %d bytes", n)
			}
		})
	}
}
