package bundle

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/tensor_slice_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/versions_go_proto"
	"github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/crc32c"
)

const (
	float  = types_go_proto.DataType_DT_FLOAT
	int64s = types_go_proto.DataType_DT_INT64
)

// pair is a key of a table and its value.
type pair struct {
	key   string
	value []byte
}

// layout is what a writer of tables may choose; the zero value is TensorFlow's choice.
type layout struct{ blockSize, interval int }

// encodeTable makes a table of ascending pairs.
func encodeTable(pairs []pair, l layout) []byte {
	if l == (layout{}) {
		l = layout{256 << 10, 16}
	}
	var table []byte
	var index []pair
	for len(pairs) > 0 {
		n, size := 0, 0
		for n < len(pairs) && size < l.blockSize {
			size += len(pairs[n].key) + len(pairs[n].value)
			n++
		}
		last := pairs[n-1].key
		if n == len(pairs) {
			last = successor(last)
		}
		var h []byte
		table, h = appendBlock(table, encodeBlock(pairs[:n], l.interval), 0)
		index = append(index, pair{last, h})
		pairs = pairs[n:]
	}
	return appendEnd(table, nil, index)
}

// appendEnd adds what comes after the data blocks.
func appendEnd(table []byte, meta, index []pair) []byte {
	table, metaHandle := appendBlock(table, encodeBlock(meta, 16), 0)
	table, indexHandle := appendBlock(table, encodeBlock(index, 1), 0)
	footer := make([]byte, footerSize)
	copy(footer, slices.Concat(metaHandle, indexHandle))
	binary.LittleEndian.PutUint64(footer[footerSize-8:], tableMagic)
	return append(table, footer...)
}

// successor is a short key that is not below one.
func successor(key string) string {
	for i := range len(key) {
		if key[i] != 0xff {
			return key[:i] + string([]byte{key[i] + 1})
		}
	}
	return key
}

func encodeBlock(pairs []pair, interval int) []byte {
	var block, restarts []byte
	before, count := "", 0
	for i, p := range pairs {
		shared := 0
		if i%interval == 0 {
			restarts = binary.LittleEndian.AppendUint32(restarts, uint32(len(block)))
			count++
		} else {
			for shared < min(len(before), len(p.key)) && before[shared] == p.key[shared] {
				shared++
			}
		}
		block = appendRecord(block, shared, p.key[shared:], p.value)
		before = p.key
	}
	if count == 0 {
		restarts, count = make([]byte, restartSize), 1
	}
	return binary.LittleEndian.AppendUint32(append(block, restarts...), uint32(count))
}

func appendRecord(block []byte, shared int, stored string, value []byte) []byte {
	for _, length := range []int{shared, len(stored), len(value)} {
		block = binary.AppendUvarint(block, uint64(length))
	}
	return append(append(block, stored...), value...)
}

// appendBlock adds a block with its trailer, and returns its handle too.
func appendBlock(table, contents []byte, kind byte) ([]byte, []byte) {
	h := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(table))), uint64(len(contents)))
	checked := append(slices.Clone(contents), kind)
	table = append(table, checked...)
	return binary.LittleEndian.AppendUint32(table, crc32c.Mask(crc32c.Checksum(checked))), h
}

// saved is a variable to write.
type saved struct {
	name  string
	dtype types_go_proto.DataType
	shape []int64
	data  []byte
	shard int32
	parts int
}

func floats(name string, shard int32, shape []int64, values ...float32) saved {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return saved{name: name, dtype: float, shape: shape, data: data, shard: shard}
}

func marshal(m proto.Message) []byte {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return encoded
}

func header(shards int32) pair {
	return pair{"", marshal(&for_core_protos_go_proto.BundleHeaderProto{
		NumShards: shards, Version: &versions_go_proto.VersionDef{Producer: 1}})}
}

// entryProto is the record of a variable.
func entryProto(v saved, offset int64) *for_core_protos_go_proto.BundleEntryProto {
	shape := &tensor_shape_go_proto.TensorShapeProto{}
	for _, size := range v.shape {
		shape.Dim = append(shape.Dim, &tensor_shape_go_proto.TensorShapeProto_Dim{Size: size})
	}
	p := &for_core_protos_go_proto.BundleEntryProto{Dtype: v.dtype, Shape: shape, ShardId: v.shard,
		Offset: offset, Size: int64(len(v.data)), Crc32C: crc32c.Mask(crc32c.Checksum(v.data))}
	for range v.parts {
		p.Slices = append(p.Slices, &tensor_slice_go_proto.TensorSliceProto{})
	}
	return p
}

// encodeBundle makes the index and the data files of variables in any order.
func encodeBundle(variables []saved, shards int32, l layout) (index []byte, data [][]byte) {
	variables = slices.Clone(variables)
	slices.SortFunc(variables, func(a, b saved) int { return strings.Compare(a.name, b.name) })
	data = make([][]byte, shards)
	pairs := []pair{header(shards)}
	for _, v := range variables {
		pairs = append(pairs, pair{v.name, marshal(entryProto(v, int64(len(data[v.shard]))))})
		data[v.shard] = append(data[v.shard], v.data...)
	}
	return encodeTable(pairs, l), data
}

// files has the files of a bundle by what comes after the prefix.
type files map[string][]byte

func bundleFiles(index []byte, data [][]byte) files {
	f := files{".index": index}
	for i, shard := range data {
		f[fmt.Sprintf(".data-%05d-of-%05d", i, len(data))] = shard
	}
	return f
}

// write writes the files into folder and returns their prefix.
func (f files) write(t interface{ Fatal(...any) }, folder string) string {
	prefix := folder + "/model.ckpt-7"
	for suffix, data := range f {
		if err := os.WriteFile(prefix+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return prefix
}

// TensorFlow 2.18's Saver wrote testdata/small, by testdata/write.py.
func TestEncoderMatchesTensorFlow(t *testing.T) {
	index, data := encodeBundle([]saved{
		floats("conv1/weights", 0, []int64{2, 3}, 0, 0.25, 0.5, 0.75, 1, 1.25),
		floats("conv1/biases", 0, []int64{3}, -0.5, 0.5, 1),
		{name: "global_step", dtype: int64s, data: binary.LittleEndian.AppendUint64(nil, 450000)},
	}, 1, layout{})
	for suffix, got := range bundleFiles(index, data) {
		want, err := os.ReadFile("testdata/small" + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%x, want\n%x", suffix, got, want)
		}
	}
}
