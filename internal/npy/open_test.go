package npy

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"alexnet/internal/tensorfile"
)

// TestSharedArray has two layers share one array object, as zeros for biases may.
func TestSharedArray(t *testing.T) {
	a := ramp(2, 5)
	file := "\x80\x02}(" + py2String("a") + "](" + py2Array(ramp(0, 3)) + py2Array(a) + "q\x01e" +
		py2String("b") + "](" + py2Array(ramp(1, 2)) + "h\x01eu."
	w, err := readBytes([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := sameLayers(w.Layers, []Layer{{"a", ramp(0, 3), a}, {"b", ramp(1, 2), a}}); err != nil {
		t.Error(err)
	}
}

func TestEntriesOfNoLayer(t *testing.T) {
	a := py2Array(ramp(0, 2))
	file := "\x80\x02}(" + py2String("epoch") + "K\x07" + "K\x01N" + py2String("mean") + a +
		py2String("classes") + "](" + py2String("cat") + py2String("dog") + "e" +
		py2String("conv1") + "}(" + py2String("weights") + a + py2String("stride") + "K\x04" + py2String("gamma") + a + "uu."
	w, err := readBytes([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"epoch", "the number 1", "classes", "conv1/stride", "mean"} // and conv1/gamma is a tensor
	if !slices.Equal(w.Other, want) {
		t.Errorf("got %q, want %q", w.Other, want)
	}
	if err := sameLayers(w.Layers, []Layer{{"conv1", ramp(0, 2), nil}}); err != nil {
		t.Error(err)
	}
}

// TestSharedDictionary has two layers share one dictionary, which counts for both.
func TestSharedDictionary(t *testing.T) {
	file := "\x80\x02}(" + py2String("a") + "}q\x01(" + py2String("W") + py2Array(ramp(0, 3)) + py2String("stride") + "K\x04u" +
		py2String("b") + "h\x01u."
	w, err := readBytes([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := sameLayers(w.Layers, []Layer{{"a", ramp(0, 3), nil}, {"b", ramp(0, 3), nil}}); err != nil {
		t.Error(err)
	}
	if want := []string{"a/stride", "b/stride"}; !slices.Equal(w.Other, want) {
		t.Errorf("got %q, want %q", w.Other, want)
	}
}

// TestManyEntriesOfNoLayer names the first entries that are no layer's and counts the rest.
func TestManyEntriesOfNoLayer(t *testing.T) {
	file := "\x80\x02}(" + py2String("a") + "]" + py2Array(ramp(0, 3)) + "a" + strings.Repeat(py2String("epoch")+"K\x07", 256+44) + "u."
	w, err := readBytes([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Other; len(got) != 256+1 || got[0] != "epoch" || got[256] != "44 more" {
		t.Errorf("got %d, the last %q", len(got), got[len(got)-1])
	}
}

func TestFolderErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "conv1_W.npy")
	if err := os.WriteFile(bad, npyFile(objectHeader, "\x80\x02N."), 0o600); err != nil {
		t.Fatal(err)
	}
	var format *tensorfile.Error
	if _, err := open(filepath.Dir(bad)); !errors.As(err, &format) || format.Path != bad {
		t.Errorf("got %v, want an error about %s", err, bad)
	}
}

func TestFloat64Overflow(t *testing.T) {
	huge := string([]byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7e}) // about 2e303
	inf := string([]byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f})
	file := func(data string) string {
		return writeFile(t, "w.pkl", []byte(oneLayer("]"+strings.ReplaceAll(py2Reconstruct+"(K\x01K\x01\x85"+py2Dtype, "f4", "f8")+"\x89U\x08"+data+"tba")))
	}
	var format *tensorfile.Error
	if _, err := open(file(huge)); !errors.As(err, &format) || !strings.Contains(err.Error(), "beyond float32") {
		t.Errorf("2e303: got %v", err)
	}
	w, err := open(file(inf))
	if err != nil {
		t.Fatal(err)
	}
	if a, _, _ := w.Lookup("conv1"); !math.IsInf(float64(a.Data[0]), 1) {
		t.Errorf("infinity: got %v", a.Data)
	}
}

// TestWriteReadEqual writes layers of any shape and bits in both forms and reads them back.
func TestWriteReadEqual(t *testing.T) {
	array := rapid.Custom(func(t *rapid.T) *Array {
		a := &Array{Shape: rapid.SliceOfN(rapid.IntRange(1, 5), 0, 5).Draw(t, "shape"), Dtype: "float32"}
		n := 1
		for _, dim := range a.Shape {
			n *= dim
		}
		for range n {
			a.Data = append(a.Data, math.Float32frombits(rapid.Uint32().Draw(t, "bits")))
		}
		return a
	})
	name := rapid.StringMatching(`[a-zA-Zé][a-z0-9_/.:é ]{0,20}`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(name, 1, 4, rapid.ID[string]).Draw(t, "names")
		var layers []Layer
		for _, name := range names {
			l := Layer{Name: name, Weights: array.Draw(t, "weights")}
			if rapid.Bool().Draw(t, "has biases") {
				l.Biases = array.Draw(t, "biases")
			}
			layers = append(layers, l)
		}
		for file, write := range map[string]func(io.Writer, []tensorfile.Array) error{"npy": writeDict, "npz": writeArchive} {
			var out bytes.Buffer
			if err := errors.Join(check(arrays(layers)), write(&out, arrays(layers))); err != nil {
				t.Fatal(err)
			}
			w, err := readBytes(out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if err := sameLayers(w.Layers, layers); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
	})
}

func TestWriteErrors(t *testing.T) {
	a := ramp(0, 3)
	short := &Array{Shape: []int{4}, Data: a.Data}
	zero := &Array{Shape: []int{0}}
	for _, c := range []struct {
		name, file string
		layers     []Layer
		want       string
	}{
		{"nothing", "w.npy", nil, "no arrays"},
		{"no name", "w.npy", []Layer{{"", a, a}}, "printable LAYER"},
		{"twice", "w.npy", []Layer{{"a", a, a}, {"a", a, a}}, "distinct"},
		{"shape and data differ", "w.npz", []Layer{{"a", a, short}}, "got 3 values of shape [4]"},
		{"empty array", "w.npy", []Layer{{"a", zero, nil}}, "shape [0]"},
		{"other extension", "w.txt", []Layer{{"a", a, a}}, ".npy or .npz"},
		{"no such folder", "none/w.npy", []Layer{{"a", a, a}}, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			err := Write(filepath.Join(dir, c.file), arrays(c.layers)...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to contain %q", err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left %v behind", left)
			}
		})
	}
}
