package caffemodel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/caffemodel/caffepb"
)

func readBytes(file []byte) (*Net, error) { return readAll(bytes.NewReader(file), int64(len(file))) }

// readAll opens a network and reads its values.
func readAll(src io.ReaderAt, size int64) (*Net, error) {
	net, err := Open(src, size)
	if err != nil {
		return nil, err
	}
	for _, l := range net.Layers {
		for _, b := range l.Blobs {
			if _, err := b.Values(); err != nil {
				return nil, fmt.Errorf("layer %q: %w", l.Name, err)
			}
		}
	}
	return net, nil
}

// readFile is readAll of the file at path.
func readFile(t testing.TB, path string) (*Net, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return readAll(f, info.Size())
}

// data are the values of a blob that could be read before.
func data(t testing.TB, b Blob) []float32 {
	t.Helper()
	values, err := b.Values()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	file, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// ramp is n values from start on.
func ramp(start float32, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = start + float32(i)/8
	}
	return values
}

func blob(values []float32, dims ...int64) *caffepb.Blob {
	return &caffepb.Blob{Shape: &caffepb.Shape{Dims: dims}, Data: values}
}

// today is a network in today's form.
func today() *caffepb.Net {
	return &caffepb.Net{Name: proto.String("small"), Layers: []*caffepb.Layer{
		{Name: proto.String("data"), Type: proto.String("Input"), Tops: []string{"data"}},
		{Name: proto.String("conv1"), Type: proto.String("Convolution"), Bottoms: []string{"data"}, Tops: []string{"conv1"},
			Blobs:       []*caffepb.Blob{blob(ramp(0, 48), 4, 3, 2, 2), blob(ramp(-1, 4), 4)},
			Convolution: &caffepb.Convolution{KernelSize: []uint32{2}, Stride: []uint32{4}, Group: proto.Uint32(1)}},
		{Name: proto.String("norm1"), Type: proto.String("LRN"), Bottoms: []string{"conv1"}, Tops: []string{"norm1"},
			Lrn: &caffepb.LRN{Alpha: proto.Float32(1e-4)}},
		{Name: proto.String("fc6"), Type: proto.String("InnerProduct"), Bottoms: []string{"norm1"}, Tops: []string{"fc6"},
			Blobs: []*caffepb.Blob{blob(ramp(9, 20), 5, 4), blob(ramp(7, 5), 5)}},
	}}
}

// v1 is the same network in the form of 2014.
func v1() *caffepb.Net {
	net := today()
	types := map[string]int32{"Input": 12, "Convolution": 4, "LRN": 15, "InnerProduct": 14}
	for _, l := range net.Layers {
		for _, b := range l.Blobs {
			dims := append([]int64{1, 1, 1}, b.Shape.Dims...)
			dims = dims[len(dims)-4:]
			b.Shape = nil
			for i, to := range []**int32{&b.Num, &b.Channels, &b.Height, &b.Width} {
				*to = proto.Int32(int32(dims[i]))
			}
		}
		net.V1Layers = append(net.V1Layers, &caffepb.V1Layer{Name: l.Name, Type: proto.Int32(types[l.GetType()]), Bottoms: l.Bottoms, Tops: l.Tops,
			Blobs: l.Blobs, Convolution: l.Convolution, Lrn: l.Lrn})
	}
	net.Layers = nil
	return net
}

// fieldOf is a field that holds bytes.
func fieldOf(number protowire.Number, value ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), slices.Concat(value...))
}

// claim is a field that claims to hold size bytes, and what follows.
func claim(number protowire.Number, size uint64, value ...[]byte) []byte {
	return slices.Concat(protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.BytesType), size), slices.Concat(value...))
}

// single is values with a field for each.
func single(values ...float32) (b []byte) {
	for _, v := range values {
		b = protowire.AppendFixed32(protowire.AppendTag(b, 5, protowire.Fixed32Type), math.Float32bits(v))
	}
	return b
}

// packed is values in one field.
func packed(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return fieldOf(5, b)
}

func shape(dims ...byte) []byte { return fieldOf(7, fieldOf(1, dims)) }

// oneBlob is a network of a layer with a blob of these fields.
func oneBlob(fields ...[]byte) []byte {
	return fieldOf(100, fieldOf(1, []byte("fc6")), fieldOf(7, fields...))
}
