package parity

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npz"
	"pgregory.net/rapid"
)

func vector(values ...float32) Tensor { return Tensor{[]int64{int64(len(values))}, values} }

func TestCompare(t *testing.T) {
	loose := Tolerance{Max: 1e-3, Norm: 1e-3, Why: "test"}
	exact := Tolerance{Why: "test"}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name      string
		got, want Tensor
		tolerance Tolerance
		fails     string // part of the error; none where empty
	}{
		{"same", vector(1, -2), vector(1, -2), exact, ""},
		{"within", vector(1, -2.001), vector(1, -2), loose, ""},
		{"beyond in one element", vector(1, -2.01), vector(1, -2), loose, "at element 1"},
		{"beyond in norm only", vector(1.0009, 1.0009, 1.0009), vector(1, 1, 1), Tolerance{1e-3, 1e-4, "test"}, "norm"},
		{"small values drown in the scale", vector(1000, 2), vector(1000, 1), Tolerance{1e-2, 1e-2, "test"}, ""},
		{"one bit", vector(math.Nextafter32(1, 2)), vector(1), exact, "equal bits"},
		{"sign of zero", vector(float32(math.Copysign(0, -1))), vector(0), exact, "equal bits"},
		{"not a number", vector(nan, 1), vector(1, 1), loose, "NaN"},
		{"not a number in both", vector(nan), vector(nan), loose, "NaN"},
		{"not a number after a difference", vector(2, nan), vector(1, 1), Tolerance{9, 9, "test"}, "NaN"},
		{"infinite", vector(inf), vector(1), loose, "Inf"},
		{"reference is zero", vector(1e-9), vector(0), loose, "Inf"},
		{"both are zero", vector(0), vector(0), loose, ""},
		{"shape", Tensor{[]int64{1, 2}, []float32{1, 2}}, vector(1, 2), loose, "got shape [1 2], want [2]"},
		{"too few values", Tensor{[]int64{2}, []float32{1}}, vector(1, 1), loose, "got 1 values"},
		{"nothing", vector(), vector(), loose, "at least one"},
		{"no reason", vector(1), vector(1), Tolerance{}, "without a reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compare(c.got, c.want, c.tolerance)
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got error %v, want one with %q", err, c.fails)
			}
		})
	}
}

// Whatever the values, moving any one of them by more than the tolerance fails.
func TestCompareNoticesAnyElement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Float32Range(-100, 100), 1, 50).Draw(t, "want")
		i := rapid.IntRange(0, len(want)-1).Draw(t, "i")
		got := append([]float32(nil), want...)
		got[i] += 1
		if _, err := Compare(vector(got...), vector(want...), Tolerance{1e-3, math.Inf(1), "test"}); err == nil {
			t.Errorf("element %d of %v moved by 1 and passed", i, want)
		}
	})
}

// recorder stands in for the test that a Comparison fails.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Logf(string, ...any)       {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(f string, a ...any) { r.failures = append(r.failures, fmt.Sprintf(f, a...)) }

func TestAgainst(t *testing.T) {
	ref := Reference{"f/a": vector(1), "f/b": vector(2), "g/c": vector(3)}
	tolerance := Tolerance{1e-6, 1e-6, "test"}
	for _, c := range []struct {
		name   string
		prefix string
		got    Reference
		fails  []string
	}{
		{"all right", "f/", Reference{"a": vector(1), "b": vector(2)}, nil},
		{"no prefix", "", ref, nil},
		{"wrong tensor", "f/", Reference{"a": vector(1), "b": vector(3)}, []string{"b: compare tensors"}},
		{"one never compared", "f/", Reference{"a": vector(1)}, []string{"never compared with the reference: b"}},
		{"unknown name", "g/", Reference{"c": vector(3), "d": vector(4)}, []string{"d: the reference has no such tensor"}},
		{"empty prefix group", "h/", nil, []string{"no tensor whose name starts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{}
			cmp := Against(r, ref, c.prefix)
			for name, tensor := range c.got {
				cmp.Check(name, tensor, tolerance)
			}
			for _, f := range r.cleanups {
				f()
			}
			if len(r.failures) != len(c.fails) {
				t.Fatalf("got failures %q, want %q", r.failures, c.fails)
			}
			for i, f := range c.fails {
				if !strings.Contains(r.failures[i], f) {
					t.Errorf("got failure %q, want %q", r.failures[i], f)
				}
			}
		})
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.npz")
	write := func(arrays map[string]any) {
		if err := npz.Write(path, arrays); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]any{"conv1/weights.npy": &[2][3]float32{{1, 2, 3}, {4, 5, 6}}})
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Tensor{[]int64{2, 3}, []float32{1, 2, 3, 4, 5, 6}}
	if _, err := Compare(r["conv1/weights"], want, Tolerance{Why: "a file keeps bits"}); err != nil {
		t.Error(err)
	}

	write(map[string]any{"a.npy": []float64{1}})
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), `"<f8"`) {
		t.Errorf("float64 array: got error %v", err)
	}
	write(nil)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "no arrays") {
		t.Errorf("empty archive: got error %v", err)
	}
	if err := os.WriteFile(path, []byte("not an archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("no archive: got no error")
	}
}

func ExampleCompare() {
	want := Tensor{Shape: []int64{3}, Data: []float32{100, 1, 0}}
	got := Tensor{Shape: []int64{3}, Data: []float32{100, 1.5, 0}}
	d, err := Compare(got, want, Tolerance{Max: 1e-2, Norm: 1e-2, Why: "sums run in another order"})
	fmt.Println(d.Max, d.Scale, d.Ratio(), err)
	// Output: 0.5 100 0.005 <nil>
}
