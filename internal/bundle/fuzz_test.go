package bundle

import (
	"bytes"
	"encoding/binary"
	"os"
	"reflect"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"

	"alexnet/internal/crc32c"
)

// withChecksums updates the checksums of a table's blocks, as far as they can be found,
// so that mutations get past them.
func withChecksums(table []byte) []byte {
	table = bytes.Clone(table)
	meta, index, err := readFooter(table)
	if err != nil {
		return table
	}
	seal := func(h handle) []byte {
		end := h.offset + h.size
		binary.LittleEndian.PutUint32(table[end+1:], crc32c.Mask(crc32c.Checksum(table[h.offset:end+1])))
		return table[h.offset:end]
	}
	seal(meta)
	// An error ends the walk where the blocks after it cannot be found either.
	_ = walkBlock(seal(index), 0, func(r record) error {
		if h, n := readHandle(r.value, meta.offset); n > 0 {
			seal(h)
		}
		return nil
	})
	seal(index)
	return table
}

func addSeeds(f *testing.F) {
	index, _ := encodeBundle(nil, 1, layout{})
	f.Add(index)
	f.Add(sample()[".index"])
	small, err := os.ReadFile("testdata/small.index")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Add(small[:len(small)/2])
	many := []saved{{name: "cut", dtype: float, shape: []int64{6}, parts: 3}, {name: "name", dtype: types_go_proto.DataType_DT_STRING}}
	for _, name := range []string{"conv1/weights", "conv1/biases", "conv2/weights", "fc8/biases"} {
		many = append(many, floats(name, int32(len(name)%2), []int64{2}, 1, 2))
	}
	for _, l := range []layout{{1, 1}, {40, 2}, {1000, 1}, {1000, 16}} {
		index, _ := encodeBundle(many, 2, l)
		f.Add(index)
		for at := 0; at < len(index); at += 11 {
			damaged := bytes.Clone(index)
			damaged[at] ^= 1 << (at % 8)
			f.Add(damaged)
		}
	}
}

// An accepted index, written again, is accepted as the same variables.
func FuzzParseIndex(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, table := range [][]byte{table, withChecksums(table)} {
			x, err := parseIndex(table)
			if err != nil {
				checkFormat(t, err)
				continue
			}
			again, err := parseIndex(encodeTable(pairsOf(x), layout{64, 4}))
			if err != nil {
				t.Fatalf("written again: %v", err)
			}
			forgetPositions(x)
			forgetPositions(again)
			if !reflect.DeepEqual(x, again) {
				t.Errorf("written again: got %+v, want %+v", again, x)
			}
		}
	})
}

// pairsOf returns the records that an index was read from.
func pairsOf(x *index) []pair {
	pairs := []pair{header(x.shards)}
	for _, entries := range [][]entry{x.slices, x.entries} {
		for _, e := range entries {
			p := entryProto(saved{dtype: e.DType, shape: e.Shape, shard: e.shard, parts: e.Slices}, e.offset)
			p.Crc32C = e.crc
			if e.Slices == 0 || e.DType != float {
				p.Size = e.Bytes
			}
			pairs = append(pairs, pair{e.Name, marshal(p)})
		}
	}
	return pairs
}

func forgetPositions(x *index) {
	for _, entries := range [][]entry{x.slices, x.entries} {
		for i := range entries {
			entries[i].at = 0
		}
	}
}

// Opening and reading end in a value or an error whatever the two files hold.
func FuzzOpen(f *testing.F) {
	for _, data := range sample() {
		f.Add(sample()[".index"], data)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, table, data []byte) {
		r, err := Open(files{".index": withChecksums(table), ".data-00000-of-00002": data, ".data-00001-of-00002": data}.write(t, folder))
		if err != nil {
			return
		}
		defer r.Close()
		for _, v := range r.Variables() {
			copied, err := r.Float32s(v.Name)
			if verified := r.Verify(v.Name); err == nil && (verified != nil || int64(len(copied))*floatSize != v.Bytes) {
				t.Errorf("%q: got %d values that verify as %v, want %d bytes", v.Name, len(copied), verified, v.Bytes)
			}
		}
	})
}
