package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/regular"
	"alexnet/internal/tensorfile"
)

// Array, Layer and Weights are what a file is compared with.
type (
	Array struct {
		Shape []int
		Dtype string
		Data  []float32
	}
	Layer struct {
		Name            string
		Weights, Biases *Array
	}
	Weights struct {
		Format string
		Layers []Layer
		Other  []string
	}
)

// arrays are layers as Write takes them.
func arrays(layers []Layer) (flat []tensorfile.Array) {
	for _, l := range layers {
		for i, a := range []*Array{l.Weights, l.Biases} {
			if a != nil {
				flat = append(flat, tensorfile.Array{Name: l.Name + [...]string{"/weights", "/biases"}[i], Shape: a.Shape, Data: a.Data})
			}
		}
	}
	return flat
}

// ramp is shape filled with start + 0, 1/8, 2/8, …, which float16 represents exactly.
func ramp(start float32, shape ...int) *Array {
	n := 1
	for _, dim := range shape {
		n *= dim
	}
	a := &Array{Shape: shape, Dtype: "float32", Data: make([]float32, n)}
	for i := range a.Data {
		a.Data[i] = start + float32(i)/8
	}
	return a
}

// twoLayers is the content of every dialect's file.
func twoLayers() []Layer {
	return []Layer{
		{"conv1", ramp(-1, 2, 3, 4), ramp(0, 4)},
		{"fc8", ramp(5, 4, 3), ramp(7, 3)},
	}
}

func sameArray(a, b *Array) error {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil || b == nil:
		return fmt.Errorf("got %v, want %v", a, b)
	case !slices.Equal(a.Shape, b.Shape):
		return fmt.Errorf("got shape %v, want %v", a.Shape, b.Shape)
	case len(a.Data) != len(b.Data):
		return fmt.Errorf("got %d values, want %d", len(a.Data), len(b.Data))
	}
	for i := range a.Data {
		if math.Float32bits(a.Data[i]) != math.Float32bits(b.Data[i]) {
			return fmt.Errorf("value %d: got %g, want %g", i, a.Data[i], b.Data[i])
		}
	}
	return nil
}

func sameLayers(got, want []Layer) error {
	if len(got) != len(want) {
		return fmt.Errorf("got %d layers, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Name != want[i].Name {
			return fmt.Errorf("layer %d: got %q, want %q", i, got[i].Name, want[i].Name)
		}
		if err := sameArray(got[i].Weights, want[i].Weights); err != nil {
			return fmt.Errorf("weights of %q: %w", want[i].Name, err)
		}
		if err := sameArray(got[i].Biases, want[i].Biases); err != nil {
			return fmt.Errorf("biases of %q: %w", want[i].Name, err)
		}
	}
	return nil
}

func readBytes(b []byte) (*Weights, error) {
	w, err := load(Read(bytes.NewReader(b), int64(len(b)), "test"))
	return w, tensorfile.Locate("test", err)
}

// open reads a file or a folder.
func open(path string) (*Weights, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return load(ReadFolder(path))
	}
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return load(Read(f, info.Size(), path))
}

// Lookup returns the arrays of a layer.
func (w *Weights) Lookup(name string) (weights, biases *Array, ok bool) {
	for _, l := range w.Layers {
		if l.Name == name {
			return l.Weights, l.Biases, true
		}
	}
	return nil, nil, false
}

// load reads all tensors of a file, by layer, as package weights does; none are an error.
func load(f *tensorfile.File, err error) (*Weights, error) {
	if err != nil {
		return nil, err
	}
	if len(f.Tensors) == 0 {
		return nil, tensorfile.Malformed(0, "tensors", "the other entries %.200q", f.Skipped()[:min(len(f.Skipped()), 1)])
	}
	w := &Weights{Format: f.Format, Other: f.Skipped()}
	shared := map[*tensorfile.Data]*Array{}
	for _, t := range f.Tensors {
		i := strings.LastIndexAny(strings.TrimSuffix(t.Name, ":0"), "/._")
		if i < 0 {
			w.Other = append(w.Other, t.Name)
			continue
		}
		if n := len(w.Layers); n == 0 || w.Layers[n-1].Name != t.Name[:i] {
			w.Layers = append(w.Layers, Layer{Name: t.Name[:i]})
		}
		l := &w.Layers[len(w.Layers)-1]
		if shared[t.Data] == nil {
			data, err := t.Read(nil)
			if err != nil {
				return nil, tensorfile.Locate(t.Path, err)
			}
			shared[t.Data] = &Array{t.Shape, t.Type.String(), data}
		}
		switch strings.ToLower(t.Name[i+1 : i+2]) {
		case "w":
			l.Weights = shared[t.Data]
		case "b":
			l.Biases = shared[t.Data]
		}
	}
	return w, nil
}

func writeFile(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// npyFile puts a header of version 1.0 before body.
func npyFile(header, body string) []byte {
	b := binary.LittleEndian.AppendUint16([]byte(magic+"\x01\x00"), uint16(len(header)))
	return append(append(b, header...), body...)
}

const objectHeader = "{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"

func plainHeader(descr, fortran, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, fortran, shape)
}

func floatBytes(a *Array) string {
	var b []byte
	for _, v := range a.Data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return string(b)
}

type member struct {
	name   string
	body   []byte
	method uint16
}

func zipFile(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The rest assembles pickles by hand, opcode by opcode.

func le(width, n int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(n))[:width])
}

const (
	py2Reconstruct = "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
	py2Dtype       = "cnumpy\ndtype\nU\x02f4\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)

// py2Shape writes dimensions as Python 2's long, which some of its files have.
func py2Shape(a *Array) string {
	s := "("
	for _, dim := range a.Shape {
		s += "\x8a\x02" + le(2, dim)
	}
	return s + "t"
}

// py2Array is an array as Python 2 pickles it.
func py2Array(a *Array) string {
	data := floatBytes(a)
	return py2Reconstruct + "(K\x01" + py2Shape(a) + py2Dtype + "\x89T" + le(4, len(data)) + data + "tb"
}

func py2String(s string) string { return "U" + le(1, len(s)) + s }

// py2Layers is {'conv1': [weights, biases], …} with byte-string keys.
func py2Layers(layers []Layer) string {
	s := "}("
	for _, l := range layers {
		s += py2String(l.Name) + "](" + py2Array(l.Weights) + py2Array(l.Biases) + "e"
	}
	return s + "u"
}

// oneLayer is a dictionary whose layer's value is written by the test.
func oneLayer(value string) string { return "\x80\x02}" + py2String("conv1") + value + "s." }
