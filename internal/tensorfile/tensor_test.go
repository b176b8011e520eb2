package tensorfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRead reads tensors of random shape, stored in a random order of axes, into a random order of axes: element
// (i, j, …) has to come out where its index says.
func TestRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 5), 0, 5).Draw(t, "shape")
		order := rapid.Permutation(identity(len(shape))).Draw(t, "order")
		axes := rapid.Permutation(identity(len(shape))).Draw(t, "axes")
		stored := bytes.Buffer{}
		for i := range Elements(shape) {
			binary.Write(&stored, binary.BigEndian, float32(position(unravel(i, shape, order), shape, identity(len(shape)))))
		}
		d := &Data{Shape: shape, Order: order, Type: Type{Float32, true}, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(stored.Bytes())), nil
		}}
		got, err := d.Read(axes)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if want := position(unravel(i, shape, axes), shape, identity(len(shape))); v != float32(want) {
				t.Fatalf("element %d: got %v, want %d", i, v, want)
			}
		}
	})
}

// unravel is the index of the i-th element when the axes run in the given order.
func unravel(i int, shape, order []int) []int {
	index := make([]int, len(shape))
	for _, axis := range slices.Backward(order) {
		index[axis], i = i%shape[axis], i/shape[axis]
	}
	return index
}

// position is the inverse of unravel.
func position(index, shape, order []int) int {
	i := 0
	for _, axis := range order {
		i = i*shape[axis] + index[axis]
	}
	return i
}

// TestReadInBlocks transposes a tensor of several blocks, as the rows of fc6 are, and one whose rows are larger than a block.
func TestReadInBlocks(t *testing.T) {
	for _, test := range []struct{ shape, axes []int }{
		{[]int{70, 8, 30, 40}, []int{2, 3, 1, 0}},
		{[]int{3, 600, 500}, []int{0, 2, 1}},
		{[]int{2, blockSize + 1}, []int{1, 0}},
	} {
		values := make([]float32, Elements(test.shape))
		for i := range values {
			values[i] = float32(i)
		}
		d := &Data{Shape: test.shape, Values: func() ([]float32, error) { return values, nil }}
		got, err := d.Read(test.axes)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if want := position(unravel(i, test.shape, test.axes), test.shape, identity(len(test.shape))); v != float32(want) {
				t.Fatalf("%v: element %d: got %v, want %d", test.shape, i, v, want)
			}
		}
	}
}

func TestSplit(t *testing.T) {
	d := &Data{Shape: []int{5, 12, 2}, Order: []int{2, 1, 0}}
	got := d.Split(1, 3, 4)
	if !slices.Equal(got.Shape, []int{5, 3, 4, 2}) || !slices.Equal(got.Order, []int{3, 1, 2, 0}) {
		t.Errorf("got shape %v, order %v", got.Shape, got.Order)
	}
}

func TestTypes(t *testing.T) {
	want := []float32{0, 1, -2.5, float32(math.Inf(1)), 65504}
	for _, big := range []bool{false, true} {
		order := Type{Big: big}.order()
		for code, encode := range map[FloatType]func(b []byte, v float32) []byte{
			Float64: func(b []byte, v float32) []byte {
				return order.(binary.AppendByteOrder).AppendUint64(b, math.Float64bits(float64(v)))
			},
			Float32: func(b []byte, v float32) []byte {
				return order.(binary.AppendByteOrder).AppendUint32(b, math.Float32bits(v))
			},
			BFloat16: func(b []byte, v float32) []byte {
				return order.(binary.AppendByteOrder).AppendUint16(b, uint16(math.Float32bits(v)>>16))
			},
		} {
			var raw []byte
			for _, v := range want {
				raw = encode(raw, v)
			}
			got := make([]float32, len(want))
			if err := (Type{code, big}).decode(bytes.NewReader(raw), got); err != nil {
				t.Fatal(err)
			}
			for i, v := range want {
				if code == BFloat16 {
					v = math.Float32frombits(math.Float32bits(v) &^ 0xffff)
				}
				if got[i] != v {
					t.Errorf("%s: got %v, want %v", Type{code, big}, got, want)
					break
				}
			}
		}
	}
}

// A directory of many members, each of which takes memory, is refused before it is read.
func TestLargeDirectory(t *testing.T) {
	file := bytes.Repeat(append([]byte("PK\x01\x02"), make([]byte, 42)...), 200000)
	file = append(file, "PK\x05\x06\x00\x00\x00\x00"...)
	file = binary.LittleEndian.AppendUint16(file, 3392) // 200,000 modulo 2^16
	file = binary.LittleEndian.AppendUint16(file, 3392)
	file = binary.LittleEndian.AppendUint32(file, 46*200000)
	file = append(file, make([]byte, 6)...)
	if _, err := OpenArchive(bytes.NewReader(file), int64(len(file))); err == nil {
		t.Error("got no error")
	} else {
		t.Log(err)
	}
}
