package tfgraph_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"pgregory.net/rapid"

	"alexnet/tfgraph"
)

type celsius float32

func TestTensorElementTypes(t *testing.T) {
	t.Run("bool", func(t *testing.T) { roundTrips(t, tf.Bool, []bool{true, false, true}) })
	t.Run("uint8", func(t *testing.T) { roundTrips(t, tf.Uint8, []uint8{0, 7, 255}) })
	t.Run("int32", func(t *testing.T) { roundTrips(t, tf.Int32, []int32{math.MinInt32, 0, math.MaxInt32}) })
	t.Run("int64", func(t *testing.T) { roundTrips(t, tf.Int64, []int64{math.MinInt64, 0, math.MaxInt64}) })
	t.Run("float32", func(t *testing.T) {
		roundTrips(t, tf.Float, []float32{-math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1))})
	})
	t.Run("float64", func(t *testing.T) { roundTrips(t, tf.Double, []float64{-math.MaxFloat64, 0, math.Pi}) })
	t.Run("named type", func(t *testing.T) { roundTrips(t, tf.Float, []celsius{-273.15, 0, 100}) })
}

// roundTrips checks three values in the tensor and as TensorFlow returns them.
func roundTrips[T number](t *testing.T, dtype tf.DataType, values []T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", dtype, tf.MakeShape(3))
	y := op.Identity(s, x)
	in := of(t, values, 3)
	out := run(t, open(t, s), tfgraph.Feeds{x: in}, []tf.Output{y})[0]
	for name, tensor := range map[string]*tfgraph.Tensor{"fed": in, "fetched": out} {
		if got := tfgraph.Data[T](tensor); !slices.Equal(got, values) {
			t.Errorf("%s: got %v, want %v", name, got, values)
		}
		if !slices.Equal(tensor.Shape(), []int64{3}) {
			t.Errorf("%s: got shape %v, want [3]", name, tensor.Shape())
		}
	}
}

func TestTensorShapes(t *testing.T) {
	many := slices.Repeat([]int64{1}, 255)
	for _, test := range []struct {
		name   string
		shape  []int64
		values int
		want   bool
	}{
		{"scalar", nil, 1, true},
		{"scalar of two", nil, 2, false},
		{"vector", []int64{3}, 3, true},
		{"too few", []int64{3}, 2, false},
		{"too many", []int64{2, 2}, 5, false},
		{"rank 5", []int64{1, 2, 1, 2, 1}, 4, true},
		{"empty", []int64{0}, 0, true},
		{"empty row", []int64{4, 0, 3}, 0, true},
		{"empty of one", []int64{0}, 1, false},
		{"negative", []int64{-1}, 0, false},
		{"two negatives", []int64{-2, -2}, 4, false},
		{"negative after empty", []int64{0, -1}, 0, false},
		{"product wraps to zero", []int64{1 << 32, 1 << 32}, 0, false},
		{"product wraps to two", []int64{1<<63 - 1, 2, 1<<63 - 1}, 2, false},
		{"empty and huge", []int64{0, 1 << 62, 1 << 62}, 0, false},
		{"highest rank", many[:254], 1, true},
		{"rank too high", many, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			tensor, err := tfgraph.Of(make([]float32, test.values), test.shape...)
			if (err == nil) != test.want {
				t.Fatalf("got error %v, want success %t", err, test.want)
			}
			if err != nil {
				return
			}
			defer tensor.Close()
			if !slices.Equal(tensor.Shape(), test.shape) || len(tfgraph.Data[float32](tensor)) != test.values {
				t.Errorf("got shape %v and %d values", tensor.Shape(), len(tfgraph.Data[float32](tensor)))
			}
		})
	}
}

func TestAllocateRejects(t *testing.T) {
	for _, dtype := range []tf.DataType{tf.String, tf.DataType(0), tf.DataType(20), tf.DataType(999)} {
		if tensor, err := tfgraph.Allocate(dtype, 2); err == nil {
			tensor.Close()
			t.Errorf("dtype %d: got a tensor, want an error", dtype)
		}
	}
}

func TestAllocateOutOfMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("TensorFlow waits 10 s for memory; run without -short")
	}
	tensor, err := tfgraph.Allocate(tf.Double, 1<<46)
	if err == nil {
		tensor.Close()
		t.Skip("this machine allocates 512 TiB")
	}
	var tfErr *tfgraph.Error
	if !errors.As(err, &tfErr) || tfErr.Code != tfgraph.ResourceExhausted {
		t.Errorf("got %v, want ResourceExhausted", err)
	}
}

func TestShapeIsCopied(t *testing.T) {
	shape := []int64{2, 3}
	tensor := of(t, make([]float32, 6), shape...)
	shape[0] = 100
	if got := len(tfgraph.Data[float32](tensor)); got != 6 {
		t.Errorf("got %d values after the caller changed its slice, want 6", got)
	}
}

func TestOfCopies(t *testing.T) {
	values := []float32{1, 2}
	tensor := of(t, values, 2)
	values[0] = 9
	if got := tfgraph.Data[float32](tensor)[0]; got != 1 {
		t.Errorf("got %v after the caller changed its slice, want 1", got)
	}
}

func TestDataOfAnotherType(t *testing.T) {
	tensor := of(t, []float32{1, 2}, 2)
	if got := tfgraph.Data[int32](tensor); got != nil {
		t.Errorf("int32 of a float32 tensor: got %v, want nil", got)
	}
	if got := tfgraph.Data[float64](tensor); got != nil {
		t.Errorf("float64 of a float32 tensor: got %v, want nil", got)
	}
	if got := tfgraph.StringData(tensor); got != nil {
		t.Errorf("strings of a float32 tensor: got %v, want nil", got)
	}
}

func TestRowIsInPlace(t *testing.T) {
	tensor := of(t, []float32{1, 2, 3, 4, 5, 6}, 3, 2)
	row := tensor.Row(1)
	if !slices.Equal(row, []float32{3, 4}) || cap(row) != 2 {
		t.Fatalf("got row %v of capacity %d, want [3 4] of 2", row, cap(row))
	}
	row[0] = 30
	if got := tfgraph.Data[float32](tensor); !slices.Equal(got, []float32{1, 2, 30, 4, 5, 6}) {
		t.Errorf("got %v after writing to row 1", got)
	}
	for name, other := range map[string]*tfgraph.Tensor{
		"scalar": of(t, []float32{1}),
		"empty":  of(t, []float32{}, 3, 0),
		"int32":  of(t, []int32{1, 2}, 2),
	} {
		if got := other.Row(0); got != nil {
			t.Errorf("%s: got row %v, want nil", name, got)
		}
	}
}

func TestTensorRoundTrip(t *testing.T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.Shape{})
	y := op.Identity(s, op.Neg(s, op.Neg(s.SubScope("inner"), x)))
	session := open(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		shape := rapid.SliceOfN(rapid.Int64Range(0, 4), 0, 4).Draw(rt, "shape")
		count := int64(1)
		for _, d := range shape {
			count *= d
		}
		values := rapid.SliceOfN(rapid.Float32(), int(count), int(count)).Draw(rt, "values")
		in, err := tfgraph.Of(values, shape...)
		if err != nil {
			rt.Fatal(err)
		}
		defer in.Close()
		out, err := session.Run(t.Context(), tfgraph.Feeds{x: in}, []tf.Output{y})
		if err != nil {
			rt.Fatal(err)
		}
		defer tfgraph.CloseAll(out)
		if !slices.Equal(out[0].Shape(), shape) || !slices.Equal(tfgraph.Data[float32](out[0]), values) {
			rt.Fatalf("got %v %v, want %v %v", out[0].Shape(), tfgraph.Data[float32](out[0]), shape, values)
		}
	})
}
