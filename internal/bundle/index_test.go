package bundle

import (
	"math"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/versions_go_proto"
	"github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

func TestParseIndexHeaderFaults(t *testing.T) {
	type header = for_core_protos_go_proto.BundleHeaderProto
	version := func(v *versions_go_proto.VersionDef) []pair {
		return []pair{{"", marshal(&header{NumShards: 1, Version: v})}}
	}
	tests := []struct {
		name, want string
		pairs      []pair
	}{
		{"no record", "empty table", nil},
		{"no header", `"a"`, []pair{{"a", nil}}},
		{"not a proto", "3 bytes that do not parse", []pair{{"", []byte("\xff\xff\xff")}}},
		{"no shards", "at least 1 shard", []pair{{"", marshal(&header{})}}},
		{"negative shards", "at least 1 shard", []pair{{"", marshal(&header{NumShards: -1})}}},
		{"big endian", "order BIG", []pair{{"", marshal(&header{NumShards: 1, Endianness: for_core_protos_go_proto.BundleHeaderProto_BIG})}}},
		{"too new", "version 2", version(&versions_go_proto.VersionDef{Producer: 2, MinConsumer: 2})},
		{"known bad", "version 3", version(&versions_go_proto.VersionDef{Producer: 3, BadConsumers: []int32{1}})},
		{"negative version", "version -1", version(&versions_go_proto.VersionDef{Producer: -1})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseIndex(encodeTable(test.pairs, layout{}))
			checkFormat(t, err, test.want)
		})
	}
}

func TestParseIndexEntryFaults(t *testing.T) {
	type entry = for_core_protos_go_proto.BundleEntryProto
	change := func(f func(*entry)) []byte {
		p := entryProto(floats("w", 0, []int64{2, 2}, 1, 2, 3, 4), 0)
		f(p)
		return marshal(p)
	}
	long := entryProto(saved{dtype: float, shape: make([]int64, maxRank+1)}, 0)
	tests := []struct {
		name, want string
		value      []byte
	}{
		{"not a proto", `3 bytes that do not parse for "w"`, []byte("\xff\xff\xff")},
		{"no type", "a type", change(func(p *entry) { p.Dtype = types_go_proto.DataType_DT_INVALID })},
		{"unknown rank", "unknown rank true", change(func(p *entry) { p.Shape.UnknownRank = true })},
		{"too many dimensions", "255", marshal(long)},
		{"negative dimension", "dimension 1 of \"w\": -1", change(func(p *entry) { p.Shape.Dim[1].Size = -1 })},
		{"too many elements", "dimension 1", change(func(p *entry) { p.Shape.Dim[0].Size, p.Shape.Dim[1].Size = 1<<32, 1<<31 })},
		{"too many elements for uint64", "dimension 1", change(func(p *entry) { p.Shape.Dim[0].Size, p.Shape.Dim[1].Size = 1<<40, 1<<40 })},
		{"too many bytes", "shape of a tensor", change(func(p *entry) { p.Shape.Dim[0].Size, p.Shape.Dim[1].Size = 1<<31, 1<<31 })},
		{"unknown shard", "a shard below 1", change(func(p *entry) { p.ShardId = 1 })},
		{"negative shard", "a shard below 1", change(func(p *entry) { p.ShardId = -1 })},
		{"negative offset", "an offset in a file", change(func(p *entry) { p.Offset = -1 })},
		{"negative size", "an offset in a file", change(func(p *entry) { p.Size = -16 })},
		{"end beyond int64", "an offset in a file", change(func(p *entry) { p.Offset = math.MaxInt64 })},
		{"size of another shape", "want the 16 bytes", change(func(p *entry) { p.Size = 12 })},
		{"partitioned, with data", "in 2 slices", marshal(entryProto(saved{dtype: float, data: make([]byte, 4), parts: 2}, 0))},
	}
	if _, err := parseIndex(encodeTable([]pair{header(1), {"w", change(func(*entry) {})}}, layout{})); err != nil {
		t.Fatalf("the intact entry: %v", err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseIndex(encodeTable([]pair{header(1), {"w", test.value}}, layout{}))
			checkFormat(t, err, test.want)
		})
	}
}
