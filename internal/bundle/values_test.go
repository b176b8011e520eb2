package bundle

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestValues(t *testing.T) {
	r := open(t, sample())
	tests := []struct {
		name string
		want []float32
	}{
		{"conv1/biases", []float32{1, 2}},
		{"conv1/weights", []float32{3, 4, 5, 6}},
		{"empty", []float32{}},
		{"unaligned", []float32{7, 8}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			copied, err := r.Float32s(test.name)
			if err != nil || copied == nil || !slices.Equal(copied, test.want) {
				t.Errorf("copy: got %v, %v; want %v", copied, err, test.want)
			}
			into := make([]float32, len(test.want))
			if err := r.Read(test.name, into); err != nil || !slices.Equal(into, test.want) {
				t.Errorf("read: got %v, %v; want %v", into, err, test.want)
			}
			if err := r.Verify(test.name); err != nil {
				t.Errorf("verify: %v", err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	r := open(t, sample())
	tests := []struct {
		name, variable string
		is             error
		word           string
		verifies       bool
	}{
		{"not there", "conv9", ErrNoVariable, "conv9", false},
		{"a piece", "\x00cut", ErrNoVariable, "cut", false},
		{"partitioned", "cut", errors.ErrUnsupported, "partitioned variable in 2 slices", false},
		{"integer", "step", errors.ErrUnsupported, "DT_INT64", true},
		{"bool", "flag", errors.ErrUnsupported, "DT_BOOL", true},
		{"string", "name", errors.ErrUnsupported, "DT_STRING", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, copied := r.Float32s(test.variable)
			refusals := map[string]error{"copy": copied, "read": r.Read(test.variable, nil)}
			verified := r.Verify(test.variable)
			if !test.verifies {
				refusals["verify"] = verified
			} else if verified != nil {
				t.Errorf("verify: %v", verified)
			}
			for how, err := range refusals {
				if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.word) {
					t.Errorf("%s: got %v, want %v with %q", how, err, test.is, test.word)
				}
			}
		})
	}
	if err := r.Read("conv1/biases", make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "want 2 of shape [2]") {
		t.Errorf("no room: got %v", err)
	}
}

// TestSparseDataFile reads an index that claims 1 TiB, with a sparse data file of that size.
func TestSparseDataFile(t *testing.T) {
	const size = 1 << 40
	p := entryProto(saved{name: "w", dtype: float, shape: []int64{size / floatSize}}, 0)
	p.Size = size
	index := encodeTable([]pair{header(1), {"w", marshal(p)}}, layout{})
	prefix := bundleFiles(index, [][]byte{nil}).write(t, t.TempDir())
	if err := os.Truncate(prefix+".data-00000-of-00001", size); err != nil {
		t.Skip("no files of that size here: ", err)
	}
	r, err := Open(prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Float32s("w"); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "want at most 805306368") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestDataFlipped(t *testing.T) {
	damaged := sample()
	damaged[".data-00001-of-00002"][21] ^= 4 // after the 16 bytes of the piece
	r := open(t, damaged)
	_, copied := r.Float32s("conv1/weights")
	for how, err := range map[string]error{
		"copy": copied, "read": r.Read("conv1/weights", make([]float32, 4)), "verify": r.Verify("conv1/weights"),
	} {
		t.Run(how, func(t *testing.T) {
			checkFormat(t, err, `variable "conv1/weights"`, "data-00001-of-00002", "at byte 16", "checksum")
		})
	}
	if err := r.Verify("step"); err != nil {
		t.Errorf("beside the damage: %v", err)
	}
}

// A truncated file gives an error, not a SIGBUS.
func TestShrunkAfterOpen(t *testing.T) {
	prefix := sample().write(t, t.TempDir())
	r, err := Open(prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(prefix+".data-00001-of-00002", 20); err != nil {
		t.Fatal(err)
	}
	_, err = r.Float32s("conv1/weights")
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), `variable "conv1/weights"`) {
		t.Errorf("got %v, want %v with the variable", err, io.ErrUnexpectedEOF)
	}
}

func TestConcurrentReads(t *testing.T) {
	r := open(t, sample())
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for name, want := range map[string][]float32{"conv1/weights": {3, 4, 5, 6}, "conv1/biases": {1, 2}, "unaligned": {7, 8}} {
				if copied, err := r.Float32s(name); err != nil || !slices.Equal(copied, want) {
					t.Errorf("%q: got %v, %v; want %v", name, copied, err, want)
				}
			}
		})
	}
	readers.Wait()
}
