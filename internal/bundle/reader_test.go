package bundle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	"go.uber.org/goleak"

	"alexnet/internal/regular"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample is a bundle of two shards with a variable of each kind. At "unaligned", no
// float32 can be mapped.
func sample() files {
	return bundleFiles(encodeBundle([]saved{
		floats("conv1/biases", 0, []int64{2}, 1, 2),
		floats("conv1/weights", 1, []int64{2, 2}, 3, 4, 5, 6),
		{name: "cut", dtype: float, shape: []int64{4}, parts: 2},
		floats("\x00cut", 1, []int64{4}, 1, 2, 3, 4),
		floats("empty", 0, []int64{0, 3}),
		{name: "flag", dtype: types_go_proto.DataType_DT_BOOL, data: []byte{1}},
		{name: "name", dtype: types_go_proto.DataType_DT_STRING, data: []byte("\x07????alexnet")},
		{name: "step", dtype: int64s, data: binary.LittleEndian.AppendUint64(nil, 9), shard: 1},
		floats("unaligned", 0, []int64{2}, 7, 8),
	}, 2, layout{}))
}

func open(t *testing.T, f files) *Reader {
	t.Helper()
	r, err := Open(f.write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func TestVariables(t *testing.T) {
	r := open(t, sample())
	want := []string{
		"conv1/biases DT_FLOAT [2] 8 0", "conv1/weights DT_FLOAT [2 2] 16 0", "cut DT_FLOAT [4] 16 2",
		"empty DT_FLOAT [0 3] 0 0", "flag DT_BOOL [] 1 0", "name DT_STRING [] 12 0", "step DT_INT64 [] 8 0",
		"unaligned DT_FLOAT [2] 8 0",
	}
	for i, v := range r.Variables() {
		if got := fmt.Sprint(v.Name, " ", v.DType, " ", v.Shape, " ", v.Bytes, " ", v.Slices); i >= len(want) || got != want[i] {
			t.Errorf("variable %d: got %s, want %v", i, got, want)
		}
		if found, err := r.Lookup(v.Name); err != nil || found.Name != v.Name {
			t.Errorf("look up %q: got %+v, %v", v.Name, found, err)
		}
	}
	if got := len(r.Variables()); got != len(want) {
		t.Errorf("got %d variables, want %d", got, len(want))
	}
	if _, err := r.Lookup("conv2/weights"); !errors.Is(err, ErrNoVariable) || !strings.Contains(err.Error(), "conv2/weights") {
		t.Errorf("got %v, want %v with the name", err, ErrNoVariable)
	}
}

// Every flipped bit of the index is noticed before anything is read.
func TestIndexFlipped(t *testing.T) {
	table := sample()[".index"]
	for bit := range 8 * len(table) {
		table[bit/8] ^= 1 << (bit % 8)
		if _, err := parseIndex(table); err == nil {
			t.Errorf("bit %d of byte %d of %d: got no error", bit%8, bit/8, len(table))
		} else {
			checkFormat(t, err)
		}
		table[bit/8] ^= 1 << (bit % 8)
	}
	damaged := sample()
	damaged[".index"][3] ^= 1
	prefix := damaged.write(t, t.TempDir())
	_, err := Open(prefix)
	checkFormat(t, err, prefix+".index", "checksum")
}

func TestIndexTruncated(t *testing.T) {
	whole := sample()
	for size := range whole[".index"] {
		_, err := parseIndex(whole[".index"][:size])
		checkFormat(t, err)
	}
}

func TestOpenFaults(t *testing.T) {
	whole := sample()
	cut := bytes.Clone(whole[".data-00001-of-00002"])
	tests := []struct {
		name  string
		data  []byte // of the second shard; none removes it
		check func(*testing.T, error)
	}{
		{"shard truncated", cut[:len(cut)-1], func(t *testing.T, err error) {
			checkFormat(t, err, `"step" up to byte 40`, "data-00001-of-00002", "at byte 39")
		}},
		{"shard empty", []byte{}, func(t *testing.T, err error) { checkFormat(t, err, "at byte 0") }},
		{"shard missing", nil, func(t *testing.T, err error) {
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "data-00001-of-00002") {
				t.Errorf("got %v, want %v with the file", err, fs.ErrNotExist)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			damaged := maps.Clone(whole)
			damaged[".data-00001-of-00002"] = test.data
			if test.data == nil {
				delete(damaged, ".data-00001-of-00002")
			}
			_, err := Open(damaged.write(t, t.TempDir()))
			test.check(t, err)
		})
	}
}

func TestOpenNoIndex(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(folder + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	if err := os.Mkdir(folder+"/folder.index", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder + "/folder"); !errors.Is(err, regular.Err) {
		t.Errorf("got %v, want %v", err, regular.Err)
	}
	if err := os.WriteFile(folder+"/huge.index", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(folder+"/huge.index", maxIndex+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder + "/huge"); err == nil || !strings.Contains(err.Error(), "want at most") {
		t.Errorf("got %v, want it refused as too large", err)
	}
}

func TestClose(t *testing.T) {
	r, err := Open(sample().write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	for _, name := range []string{"conv1/weights", "conv1/biases"} {
		if _, err := r.Float32s(name); !errors.Is(err, os.ErrClosed) {
			t.Errorf("copy: got %v, want %v", err, os.ErrClosed)
		}
	}
}

func TestFindPrefix(t *testing.T) {
	dir := t.TempDir()
	prefix := filepath.Join(dir, "model.ckpt-3")
	for _, ending := range []string{".index", ".data-00000-of-00002", ".data-00001-of-00002", ".meta"} {
		if err := os.WriteFile(prefix+ending, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, ending := range []string{"", ".index", ".json", ".data-00000-of-00002", ".data-00001-of-00002"} {
		if got, ok := FindPrefix(prefix + ending); !ok || got != prefix {
			t.Errorf("%q: got %q, %v, want the prefix", ending, got, ok)
		}
	}
	for _, path := range []string{prefix + ".meta", filepath.Join(dir, "other"), dir} {
		if got, ok := FindPrefix(path); ok {
			t.Errorf("%q: got %q, want no checkpoint", path, got)
		}
	}
}
