package caffemodel

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"alexnet/internal/testenv"
)

// readBounded reads a file and checks the bytes that it allocates in total: few for a small file, and never more than
// 64 MiB besides the values.
func readBounded(t *testing.T, file []byte) (*Net, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	net, err := readBytes(file)
	runtime.ReadMemStats(&after)
	if n, limit := after.TotalAlloc-before.TotalAlloc, uint64(min(1<<20+200*len(file), 64<<20+len(file))); n > limit {
		t.Errorf("allocated %d bytes for a file of %d, want at most %d", n, len(file), limit)
	}
	return net, err
}

func TestHostile(t *testing.T) {
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			_, err := readBounded(t, c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to contain %q", err, c.want)
			}
		})
	}
}

// TestTruncated cuts a file at every byte. Where a layer ends, the rest is a network of fewer layers.
func TestTruncated(t *testing.T) {
	for _, file := range [][]byte{marshal(t, today()), marshal(t, v1())} {
		whole, err := readBytes(file)
		if err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for n := range file {
			net, err := readBounded(t, file[:n])
			if err != nil {
				continue
			}
			if accepted++; len(net.Layers) >= len(whole.Layers) {
				t.Errorf("cut to %d of %d bytes: got %d layers", n, len(file), len(net.Layers))
			}
		}
		if want := len(whole.Layers) - 1; accepted != want {
			t.Errorf("got %d truncated files accepted, want the %d that end with a layer", accepted, want)
		}
	}
}

// TestMutated reads damaged files: bytes changed, cut, moved, repeated.
func TestMutated(t *testing.T) {
	count := 3000
	if os.Getenv(testenv.NightlyVar) == "1" {
		count = 10_000
	}
	random := rand.New(rand.NewPCG(testenv.Seed(t), 0))
	seeds := [][]byte{marshal(t, today()), marshal(t, v1()), oneBlob(shape(3), single(1, 2, 3))}
	accepted := 0
	for range count {
		net, err := readBounded(t, mutate(random, slices.Clone(seeds[random.IntN(len(seeds))])))
		if err == nil {
			accepted++
			checkNet(t, net)
		}
	}
	t.Logf("%d of %d accepted", accepted, count)
}

// mutate changes a file in one to four places.
func mutate(random *rand.Rand, b []byte) []byte {
	for range 1 + random.IntN(4) {
		at := random.IntN(len(b))
		piece := slices.Clone(b[at:min(at+1+random.IntN(40), len(b))])
		switch random.IntN(6) {
		case 0:
			b[at] ^= 1 << random.IntN(8)
		case 1:
			b[at] = byte(random.UintN(256))
		case 2:
			b = b[:at+1]
		case 3:
			b = slices.Delete(b, at, at+len(piece)-1)
		case 4:
			b = slices.Insert(b, random.IntN(len(b)), piece...)
		case 5:
			b = slices.Insert(b, at, protowire.AppendVarint(nil, 1<<random.IntN(64)-1)...)
		}
	}
	return b
}

// checkNet checks what callers rely on.
func checkNet(t *testing.T, net *Net) {
	t.Helper()
	if len(net.Layers) == 0 {
		t.Error("got no layers")
	}
	for _, l := range net.Layers {
		for _, b := range l.Blobs {
			n := 1
			for _, d := range b.Shape {
				n *= d
			}
			if values := data(t, b); n != len(values) || n == 0 {
				t.Errorf("layer %q: got %d values of shape %v", l.Name, len(values), b.Shape)
			}
		}
	}
}

// FuzzRead feeds arbitrary bytes to the reader: it refuses them, or returns a consistent network, in bounded memory.
func FuzzRead(f *testing.F) {
	f.Add(marshal(f, today()))
	f.Add(marshal(f, v1()))
	f.Add(oneBlob(shape(3), single(1, 2, 3)))
	for _, c := range hostile() {
		if len(c.file) < 1<<12 {
			f.Add(c.file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if net, err := readBounded(t, file); err == nil {
			checkNet(t, net)
		}
	})
}

// sparse writes a file with a layer for each number of values, which are holes.
func sparse(t *testing.T, counts ...int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sparse.caffemodel")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	for _, n := range counts {
		// From the inside out, with lengths that count what follows.
		head := fieldOf(7, fieldOf(1, protowire.AppendVarint(nil, uint64(n))))
		head = append(head, claim(5, uint64(floatSize*n))...)
		head = claim(7, uint64(len(head))+uint64(floatSize*n), head)
		head = claim(100, uint64(len(head))+uint64(floatSize*n), head)
		if _, err := f.WriteAt(head, at); err != nil {
			t.Fatal(err)
		}
		at += int64(len(head)) + floatSize*n
	}
	if err := f.Truncate(at); err != nil {
		t.Skip("no files of that size here: ", err)
	}
	return path
}

// TestMemory reads as many values as AlexNet has in their own memory, and refuses more than the limit before any.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []int64
		memory uint64
		want   string
	}{
		{"AlexNet", []int64{34944, 307456, 885120, 663936, 442624, 37752832, 16781312, 4097000}, 4*60_965_224 + 1<<20, ""},
		{"too many", []int64{maxMemory/floatSize + 1}, 1 << 20, "weights of at most"},
		{"too many together", []int64{1, maxMemory / floatSize}, 1 << 20, "weights of at most"},
		{"far too many", []int64{1 << 40}, 1 << 20, "weights of at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := sparse(t, c.counts...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readFile(t, path)
			runtime.ReadMemStats(&after)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > c.memory {
				t.Errorf("allocated %d bytes, want at most %d", n, c.memory)
			}
		})
	}
}
