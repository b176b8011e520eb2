package weights

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"alexnet/internal/safetensors"
	"alexnet/internal/tensorfile"
	"alexnet/internal/testenv"
)

// samples are small files of each format.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"today.pth", "legacy.pth", "checkpoint.pth", "half.pth", "model.pth"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		must(t, err)
		files[name] = text
	}
	for name, net := range map[string]proto.Message{"today.caffemodel": caffeNet("LRN", "Pooling"), "2014.caffemodel": v1(caffeNet("LRN"))} {
		text, err := proto.Marshal(net)
		must(t, err)
		files[name] = text
	}
	var out bytes.Buffer
	must(t, safetensors.Write(&out, tensorfile.Float32, map[string]string{"channels": "RGB"}, torchvision("")...))
	files["safetensors"] = out.Bytes()
	array := func(dims ...int) *Array {
		n := 1
		for _, d := range dims {
			n *= d
		}
		return &Array{Shape: dims, Data: make([]float32, n)}
	}
	for _, extension := range []string{"npy", "npz"} {
		path := filepath.Join(t.TempDir(), "weights."+extension)
		must(t, Write(path, Layer{Name: "conv1", Weights: array(11, 11, 3, 4), Biases: array(4)}, Layer{Name: "fc6", Weights: array(16, 5), Biases: array(5)}))
		text, err := os.ReadFile(path)
		must(t, err)
		files[extension] = text
	}
	return files
}

// openBounded opens a file with the content. Whatever that is, there is no panic, an error names the path, and few bytes are
// allocated for a small file.
func openBounded(t testing.TB, path string, content []byte) (*File, error) {
	t.Helper()
	must(t, os.WriteFile(path, content, 0o600))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := Open(path)
	runtime.ReadMemStats(&after)
	if n, limit := after.TotalAlloc-before.TotalAlloc, uint64(64<<20+len(content)); n > limit {
		t.Errorf("allocated %d bytes for a file of %d, want at most %d", n, len(content), limit)
	}
	var refused *tensorfile.Error
	if err != nil && !errors.As(err, &refused) && !bytes.Contains([]byte(err.Error()), []byte(path)) {
		t.Errorf("got %v, want an error that names the file", err)
	}
	if err == nil {
		checkFile(t, f)
	}
	return f, err
}

// checkFile checks what callers rely on.
func checkFile(t testing.TB, f *File) {
	t.Helper()
	if len(f.Layers) == 0 {
		t.Error("got no layers")
	}
	for _, l := range f.Layers {
		for _, a := range []*Array{l.Weights, l.Biases} {
			if a != nil && len(a.Data) != tensorfile.Elements(a.Shape) {
				t.Errorf("layer %q: got %d values of shape %v", l.Name, len(a.Data), a.Shape)
			}
		}
	}
}

// A file that is cut at any 64th is refused. A Caffe model that is cut where a layer ends is a network of fewer layers.
func TestTruncated(t *testing.T) {
	for name, file := range samples(t) {
		whole, err := openBounded(t, filepath.Join(t.TempDir(), name), file)
		for i := range 64 {
			cut, err := openBounded(t, filepath.Join(t.TempDir(), name), file[:i*len(file)/64])
			if err == nil && (filepath.Ext(name) != ".caffemodel" || len(cut.Layers) >= len(whole.Layers)) {
				t.Errorf("%s cut at %d/64: got %d layers, want an error", name, i, len(cut.Layers))
			}
		}
		if (err == nil) != (name != "model.pth") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Mutated files are refused or read, without a panic and within bounds.
func TestMutated(t *testing.T) {
	rounds := 200
	if os.Getenv(testenv.NightlyVar) == "1" {
		rounds = 10_000
	}
	random := rand.New(rand.NewPCG(testenv.Seed(t), 7))
	for name, file := range samples(t) {
		path := filepath.Join(t.TempDir(), name)
		refused := 0
		for range rounds {
			if _, err := openBounded(t, path, mutate(random, file)); err != nil {
				refused++
			}
		}
		if refused == 0 || refused == rounds && name != "model.pth" && name != "npz" {
			t.Logf("%s: %d of %d mutations refused", name, refused, rounds)
		}
	}
}

// mutate changes a few bytes, cuts, inserts or repeats a piece, mostly near the start, where headers are.
func mutate(random *rand.Rand, file []byte) []byte {
	b := slices.Clone(file)
	for range 1 + random.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := random.IntN(len(b))
		if random.IntN(2) == 0 {
			at = random.IntN(min(len(b), 512))
		}
		switch random.IntN(5) {
		case 0:
			b[at] = byte(random.Uint32())
		case 1:
			b[at] ^= 1 << random.IntN(8)
		case 2:
			b = slices.Delete(b, at, min(at+1+random.IntN(16), len(b)))
		case 3:
			b = slices.Insert(b, at, bytes.Repeat([]byte{0xff}, 1+random.IntN(8))...)
		case 4:
			piece := slices.Clone(b[at:min(at+1+random.IntN(64), len(b))])
			b = slices.Insert(b, at, piece...)
		}
	}
	return b
}

// FuzzOpen reads arbitrary content in any format.
func FuzzOpen(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(file)
	}
	path := filepath.Join(f.TempDir(), "weights")
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := openBounded(t, path, content)
		if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}
