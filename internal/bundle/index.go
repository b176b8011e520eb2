package bundle

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	"github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"
)

const (
	bundleVersion = 1   // kTensorBundleVersion in tensor_bundle.h
	maxRank       = 254 // TensorShape::MaxDimensions in tensor_shape.h
)

// TypeName is float32 for DT_FLOAT, as TensorFlow's users write it.
func TypeName(t types_go_proto.DataType) string {
	switch t {
	case types_go_proto.DataType_DT_FLOAT:
		return "float32"
	case types_go_proto.DataType_DT_DOUBLE:
		return "float64"
	case types_go_proto.DataType_DT_HALF:
		return "float16"
	}
	return strings.ToLower(strings.TrimPrefix(t.String(), "DT_"))
}

// entry is a variable and the location of its values.
type entry struct {
	Variable
	shard  int32
	offset int64
	crc    uint32 // masked
	at     int64  // of its record in the index
}

// index is the content of PREFIX.index.
type index struct {
	shards  int32
	entries []entry // variables, in the order of their names
	slices  []entry // slices of partitioned variables, under encoded names
}

// parseIndex reads an index. It does not check the locations against the data files.
func parseIndex(table []byte) (*index, error) {
	var x index
	err := walkTable(table, func(r record) error {
		if x.shards == 0 {
			return x.addHeader(r)
		}
		e, err := parseEntry(r, x.shards)
		if err != nil {
			return err
		}
		// A slice's name is an ordered code, which begins with a zero byte.
		if r.key[0] == 0 {
			x.slices = append(x.slices, e)
		} else {
			x.entries = append(x.entries, e)
		}
		return nil
	})
	if err == nil && x.shards == 0 {
		err = malformed(0, "a header under the empty name", "an empty table")
	}
	return &x, err
}

func (x *index) addHeader(r record) error {
	const want = "a header of version 1 in little-endian order"
	var header for_core_protos_go_proto.BundleHeaderProto
	if len(r.key) != 0 {
		return malformed(r.at, "a header under the empty name", "%q", r.key)
	}
	if err := proto.Unmarshal(r.value, &header); err != nil {
		return malformed(r.at, want, "%d bytes that do not parse", len(r.value))
	}
	if order := header.GetEndianness(); order != for_core_protos_go_proto.BundleHeaderProto_LITTLE {
		return malformed(r.at, want, "order %v", order)
	}
	version := header.GetVersion()
	if version.GetMinConsumer() > bundleVersion || slices.Contains(version.GetBadConsumers(), bundleVersion) || version.GetProducer() < 0 {
		return malformed(r.at, want, "one of version %d for readers of version %d",
			version.GetProducer(), version.GetMinConsumer())
	}
	if header.GetNumShards() < 1 {
		return malformed(r.at, "at least 1 shard", "%d", header.GetNumShards())
	}
	x.shards = header.GetNumShards()
	return nil
}

func parseEntry(r record, shards int32) (entry, error) {
	var p for_core_protos_go_proto.BundleEntryProto
	if err := proto.Unmarshal(r.value, &p); err != nil {
		return entry{}, malformed(r.at, "a BundleEntryProto", "%d bytes that do not parse for %q", len(r.value), r.key)
	}
	e := entry{
		Variable: Variable{Name: string(r.key), DType: p.GetDtype(), Bytes: p.GetSize(), Slices: len(p.GetSlices())},
		shard:    p.GetShardId(), offset: p.GetOffset(), crc: p.GetCrc32C(), at: r.at,
	}
	if e.DType == types_go_proto.DataType_DT_INVALID {
		return e, malformed(r.at, "a type", "none for %q", r.key)
	}
	elements, err := e.setShape(p.GetShape())
	if err != nil {
		return e, err
	}
	if err := e.checkLocation(shards); err != nil {
		return e, err
	}
	return e, e.setBytes(elements)
}

// setShape sets the shape and returns the number of elements.
func (e *entry) setShape(shape *tensor_shape_go_proto.TensorShapeProto) (int64, error) {
	if shape.GetUnknownRank() || len(shape.GetDim()) > maxRank {
		return 0, malformed(e.at, fmt.Sprintf("at most %d dimensions", maxRank), "%d for %q, unknown rank %t",
			len(shape.GetDim()), e.Name, shape.GetUnknownRank())
	}
	e.Shape = make([]int64, len(shape.GetDim()))
	elements := uint64(1)
	for i, dim := range shape.GetDim() {
		e.Shape[i] = dim.GetSize()
		high, low := bits.Mul64(elements, uint64(dim.GetSize()))
		if dim.GetSize() < 0 || high != 0 || low > math.MaxInt64 {
			return 0, malformed(e.at, "the shape of a tensor", "dimension %d of %q: %d", i, e.Name, dim.GetSize())
		}
		elements = low
	}
	return int64(elements), nil
}

func (e *entry) checkLocation(shards int32) error {
	if e.shard < 0 || e.shard >= shards {
		return malformed(e.at, fmt.Sprintf("a shard below %d", shards), "%d for %q", e.shard, e.Name)
	}
	if e.offset < 0 || e.Bytes < 0 || e.offset > math.MaxInt64-e.Bytes {
		return malformed(e.at, "an offset in a file", "%d bytes at byte %d for %q", e.Bytes, e.offset, e.Name)
	}
	return nil
}

// setBytes compares the size with the shape's, if the values can be read. A partitioned
// variable has no values of its own: its slices have.
func (e *entry) setBytes(elements int64) error {
	if e.DType != types_go_proto.DataType_DT_FLOAT {
		return nil
	}
	if elements > math.MaxInt64/floatSize {
		return malformed(e.at, "the shape of a tensor", "%v of %v for %q", e.Shape, e.DType, e.Name)
	}
	want := elements * floatSize
	if e.Slices == 0 && e.Bytes != want || e.Slices > 0 && e.Bytes != 0 {
		return malformed(e.at, fmt.Sprintf("the %d bytes of %v%v in %d slices", want, e.DType, e.Shape, e.Slices),
			"%d for %q", e.Bytes, e.Name)
	}
	e.Bytes = want
	return nil
}
