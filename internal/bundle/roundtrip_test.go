package bundle

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawVariables(t *rapid.T, shards int32) []saved {
	name := rapid.StringMatching(`[a-c]{1,3}(/[a-z0-9_\xff]{0,9})?`)
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) saved {
		size := int64(8)
		v := saved{name: name.Draw(t, "name"), dtype: int64s,
			shape: rapid.SliceOfN(rapid.Int64Range(0, 4), 0, 3).Draw(t, "shape"), shard: rapid.Int32Range(0, shards-1).Draw(t, "shard")}
		if rapid.Bool().Draw(t, "float") {
			v.dtype, size = float, floatSize
		}
		for _, n := range v.shape {
			size *= n
		}
		v.data = rapid.SliceOfN(rapid.Byte(), int(size), int(size)).Draw(t, "data")
		return v
	}), 0, 30, func(v saved) string { return v.name }).Draw(t, "variables")
}

func TestRoundTrip(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		shards := rapid.Int32Range(1, 3).Draw(t, "shards")
		want := drawVariables(t, shards)
		l := layout{rapid.IntRange(1, 200).Draw(t, "block size"), rapid.IntRange(1, 20).Draw(t, "interval")}
		r, err := Open(bundleFiles(encodeBundle(want, shards, l)).write(t, folder))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got := len(r.Variables()); got != len(want) {
			t.Errorf("got %d variables, want %d", got, len(want))
		}
		for _, w := range want {
			got, err := r.Lookup(w.name)
			if err != nil || got.DType != w.dtype || !slices.Equal(got.Shape, w.shape) || got.Bytes != int64(len(w.data)) {
				t.Fatalf("got %+v, %v; want %+v", got, err, w)
			}
			if err := r.Verify(w.name); err != nil {
				t.Error(err)
			}
			if w.dtype == float {
				checkBits(t, r, w.name, w.data)
			}
		}
	})
}

// checkBits compares a variable with its bytes.
func checkBits(t interface{ Errorf(string, ...any) }, r *Reader, name string, want []byte) {
	values, err := r.Float32s(name)
	got := make([]byte, 0, len(want))
	for _, v := range values {
		got = binary.LittleEndian.AppendUint32(got, math.Float32bits(v))
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q: got %d bytes that differ, %v; want %d", name, len(got), err, len(want))
	}
}
