package caffemodel

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"alexnet/internal/caffemodel/caffepb"
	"alexnet/internal/hint"
)

// lines describes a network, a line a layer and a line a blob.
func lines(t testing.TB, net *Net) []string {
	t.Helper()
	text := []string{net.Name}
	for _, l := range net.Layers {
		line := fmt.Sprintf("%s %s %v %v", l.Name, l.Type, l.Bottoms, l.Tops)
		if c := l.Convolution; c != nil {
			line += fmt.Sprint(" kernel ", c.KernelSize, " stride ", c.Stride, " group ", c.GetGroup())
		}
		if n := l.LRN; n != nil {
			line += fmt.Sprint(" size ", n.GetLocalSize(), " alpha ", n.GetAlpha())
		}
		text = append(text, line)
		for _, b := range l.Blobs {
			text = append(text, fmt.Sprintf("%s %v %v %v %d", b.Dtype, b.Shape, data(t, b)[0], data(t, b)[b.count-1], b.count))
		}
	}
	return text
}

func TestRead(t *testing.T) {
	want := []string{
		"small",
		"data Input [] [data]",
		"conv1 Convolution [data] [conv1] kernel [2] stride [4] group 1",
		"float32 [4 3 2 2] 0 5.875 48",
		"float32 [4] -1 -0.625 4",
		"norm1 LRN [conv1] [norm1] size 5 alpha 0.0001",
		"fc6 InnerProduct [norm1] [fc6]",
		"float32 [5 4] 9 11.375 20",
		"float32 [5] 7 7.5 5",
	}
	for _, c := range []struct {
		name    string
		net     *caffepb.Net
		replace []string // in want
	}{
		{"today", today(), nil},
		{"2014", v1(), []string{"stride [4]", "stride [4]", "Input", "type 12", "[4]", "[1 1 1 4]", "[5 4]", "[1 1 5 4]", "[5]", "[1 1 1 5]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "small.caffemodel")
			if err := os.WriteFile(path, marshal(t, c.net), 0o600); err != nil {
				t.Fatal(err)
			}
			net, err := readFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(strings.NewReplacer(c.replace...).Replace(strings.Join(want, "\n")), "\n")
			if got := lines(t, net); !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// Values are read whether a field holds all, some or one of them, as float32 or as float64.
func TestValues(t *testing.T) {
	doubles := marshal(t, &caffepb.Blob{DoubleData: []float64{1, 2.5, math.Inf(1)}})
	many := ramp(1, 3*windowSize/floatSize+5)
	var manyDoubles []float64
	for _, v := range many {
		manyDoubles = append(manyDoubles, float64(v))
	}
	size := int64(len(many))
	for _, c := range []struct {
		name, dtype string
		file        []byte
		want        []float32
	}{
		{"in one field", "float32", oneBlob(shape(3), packed(1, 2, 3)), []float32{1, 2, 3}},
		{"each in a field", "float32", oneBlob(shape(3), single(1, 2, 3)), []float32{1, 2, 3}},
		{"in several fields", "float32", oneBlob(packed(1), single(2, 3), shape(2, 2), packed(), packed(4)), []float32{1, 2, 3, 4}},
		{"after the gradient", "float32", oneBlob(fieldOf(6, []byte("gradient")), shape(1), packed(1)), []float32{1}},
		{"float64", "float64", oneBlob(shape(3), doubles), []float32{1, 2.5, float32(math.Inf(1))}},
		{"more than the window", "float32", oneBlob(marshal(t, blob(many, size))), many},
		{"more than the window, each in a field", "float32", oneBlob(marshal(t, blob(nil, size)), single(many...)), many},
		{"more than the window, float64", "float64", oneBlob(marshal(t, &caffepb.Blob{DoubleData: manyDoubles, Shape: &caffepb.Shape{Dims: []int64{size}}})), many},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, err := readBytes(c.file)
			if err != nil {
				t.Fatal(err)
			}
			if b := net.Layers[0].Blobs[0]; b.Dtype != c.dtype || !slices.Equal(data(t, b), c.want) {
				t.Errorf("got %s %.10v, want %s %.10v", b.Dtype, data(t, b), c.dtype, c.want)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	_, err := readBytes(fieldOf(2, fieldOf(1, fieldOf(1, []byte("conv1")))))
	if want := "upgrade_net_proto_binary"; !strings.Contains(hint.Of(err), want) {
		t.Errorf("a file of 2013: got %v, hint %q, want %q", err, hint.Of(err), want)
	}
}

// deep is a field of messages in messages.
func deep(number protowire.Number) (b []byte) {
	for range 2000 {
		b = fieldOf(number, b)
	}
	return b
}

// Messages in fields that are not read may nest to any depth.
func TestDeepMessagesAreSkipped(t *testing.T) {
	for name, file := range map[string][]byte{
		"layers": deep(100), "parameters": fieldOf(100, fieldOf(106, deep(7))), "shapes": oneBlob(shape(1), packed(1), fieldOf(7, deep(7))),
	} {
		if _, err := readBytes(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hostile are malformed or malicious files, with a part of the expected error.
func hostile() []struct {
	name string
	file []byte
	want string
} {
	group := protowire.AppendTag(nil, 200, protowire.StartGroupType)
	return []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "none in 0 bytes"},
		{"only a name", fieldOf(1, []byte("AlexNet")), "a network with layers"},
		{"text", []byte(`name: "AlexNet"`), "at byte 0"},
		{"a layer longer than the file", claim(100, 1<<20, []byte("abc")), "field 100 of 1048576 bytes"},
		{"a layer of 2^63 bytes", claim(100, 1<<63), "field 100 of 9223372036854775808 bytes"},
		{"a layer of 2^64-1 bytes", claim(100, math.MaxUint64), "field 100 of 18446744073709551615 bytes"},
		{"a blob longer than its layer", slices.Concat(fieldOf(100, claim(7, 90)), make([]byte, 100)), "field 7 of 90 bytes"},
		{"values longer than their blob", slices.Concat(oneBlob(shape(4), claim(5, 16)), make([]byte, 100)), "field 5 of 16 bytes"},
		{"a single value without its bytes", oneBlob(protowire.AppendTag(nil, 5, protowire.Fixed32Type)), "field 5 of 4 bytes"},
		{"a length without an end", append([]byte{0xa2, 0x06}, strings.Repeat("\xff", 12)...), "a length"},
		{"a number without an end", append([]byte{0x28}, strings.Repeat("\x80", 12)...), "a number"},
		{"field 0", []byte{2, 0}, "a field"},
		{"a field number beyond all", protowire.AppendVarint(nil, 1<<62|2), "a field"},
		{"a group", group, "wire type 3"},
		{"deep groups", slices.Repeat(group, 1000), "wire type 3"},
		{"an end of a group", protowire.AppendTag(nil, 200, protowire.EndGroupType), "wire type 4"},
		{"a layer that is a number", protowire.AppendVarint(protowire.AppendTag(nil, 100, protowire.VarintType), 7), "a message"},
		{"a blob that is a number", fieldOf(100, protowire.AppendVarint(protowire.AppendTag(nil, 7, protowire.VarintType), 7)), "a message"},
		{"values that are numbers", oneBlob(shape(1), protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.VarintType), 7)), "float32 values"},
		{"five bytes of float32", oneBlob(shape(1), fieldOf(5, make([]byte, 5))), "5 bytes"},
		{"float32 and float64", oneBlob(shape(2), fieldOf(5, make([]byte, 4)), fieldOf(8, make([]byte, 8))), "of one type"},
		{"float64 beyond float32", oneBlob(shape(1), fieldOf(8, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7e})), "within float32"},
		{"fewer values than the shape", oneBlob(shape(2, 3), packed(1, 2)), "2 for shape [2 3]"},
		{"more values than the shape", oneBlob(shape(2), packed(1, 2, 3)), "3 for shape [2]"},
		{"no values", oneBlob(shape(2)), "0 for shape [2]"},
		{"no shape", oneBlob(packed(1)), "1 for shape [0 0 0 0]"},
		{"a dimension of 0", oneBlob(shape(0), packed()), "0 for shape [0]"},
		{"a dimension of -1", oneBlob(fieldOf(7, fieldOf(1, protowire.AppendVarint(nil, math.MaxUint64))), packed(1)), "shape [-1]"},
		{"a shape that overflows", oneBlob(fieldOf(7, fieldOf(1, slices.Repeat(protowire.AppendVarint(nil, 1<<32), 2))), packed(1)), "[4294967296 4294967296]"},
		{"33 dimensions", oneBlob(shape([]byte(strings.Repeat("\x01", 33))...), packed(1)), "at most 32 dimensions"},
		{"a shape that is damaged", oneBlob(fieldOf(7, []byte{0x0a, 0xff}), packed(1)), "do not parse"},
		{"layers of both forms", slices.Concat(fieldOf(100), fieldOf(2)), "layers of one form"},
		{"deep messages and no layer", deep(7), "a network with layers"},
		{"a long name", fieldOf(1, make([]byte, maxDescription)), "described in at most"},
		{"many layers", slices.Repeat(fieldOf(100), 40_000), "described in at most"},
		{"many blobs", fieldOf(100, slices.Repeat(oneBlob(shape(1), packed(1))[8:], 40_000)), "described in at most"},
		{"many bottoms", fieldOf(100, slices.Repeat(fieldOf(3), maxDescription/2)), "described in at most"},
		{"many strides", fieldOf(100, fieldOf(106, slices.Repeat([]byte{0x30, 1}, maxDescription/2))), "described in at most"},
	}
}
