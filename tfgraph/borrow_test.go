package tfgraph_test

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"golang.org/x/sys/unix"

	"alexnet/tfgraph"
)

// mapped is a page of float32 memory that nobody may write to: 0, 1, 2, …
func mapped(t *testing.T) []float32 {
	t.Helper()
	n := os.Getpagesize()
	page, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(page); err != nil {
			t.Error(err)
		}
	})
	values := unsafe.Slice((*float32)(unsafe.Pointer(&page[0])), n/4)
	for i := range values {
		values[i] = float32(i)
	}
	if err := unix.Mprotect(page, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	return values
}

func borrowed(t *testing.T, values []float32, shape ...int64) *tfgraph.Tensor {
	t.Helper()
	tensor, err := tfgraph.Borrow(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tensor.Close)
	return tensor
}

func TestBorrowCopiesOnlyWhatIsNotAligned(t *testing.T) {
	page := mapped(t)
	for name, c := range map[string]struct {
		values []float32
		shared bool
	}{
		"a page":                 {page, true},
		"64 bytes into it":       {page[16:32], true},
		"one value into it":      {page[1:5], false},
		"memory of Go's own":     {slices.Repeat([]float32{3}, 5), false}, // shared or not, as it falls
		"no values, but a place": {page[:0], false},
		"nothing":                {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, x, y := double()
			in := borrowed(t, c.values, int64(len(c.values)))
			runtime.GC()
			got := tfgraph.Data[float32](run(t, open(t, s), tfgraph.Feeds{x: in}, []tf.Output{y})[0])
			want := make([]float32, len(c.values))
			for i, v := range c.values {
				want[i] = 2 * v
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if c.shared && unsafe.SliceData(tfgraph.Data[float32](in)) != unsafe.SliceData(c.values) {
				t.Error("got a copy, want the memory itself")
			}
		})
	}
}

// Ops that write over their input where they can, and a variable's own update,
// would end the process here.
func TestBorrowedMemoryIsNeverWritten(t *testing.T) {
	page := mapped(t)
	s := op.NewScope()
	v := newVariable(s, "v", int64(len(page)))
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(int64(len(page))))
	assign := op.AssignVariableOp(s, v.handle, x)
	down := op.ResourceApplyGradientDescent(s, v.handle, tfgraph.Const(s, "rate", float32(1)), v.read)
	y := op.Square(s, op.Relu(s, op.Add(s, x, tfgraph.Const(s, "one", float32(1)))))
	session := open(t, s)
	in := borrowed(t, page, int64(len(page)))
	out := run(t, session, tfgraph.Feeds{x: in}, []tf.Output{y}, assign)[0]
	in.Close()
	run(t, session, nil, nil, down)
	after := run(t, session, nil, []tf.Output{v.read})[0]
	for i, tensor := range []*tfgraph.Tensor{out, after} {
		if got, want := tfgraph.Data[float32](tensor)[7], []float32{64, 0}[i]; got != want {
			t.Errorf("fetch %d: got %v, want %v", i, got, want)
		}
	}
	if page[7] != 7 {
		t.Errorf("got %v in the memory, want 7", page[7])
	}
}

func TestBorrowRefuses(t *testing.T) {
	for name, shape := range map[string][]int64{"too few": {3}, "too many": {1}, "a scalar of two": nil, "below zero": {-2}} {
		if tensor, err := tfgraph.Borrow([]float32{1, 2}, shape...); err == nil {
			tensor.Close()
			t.Errorf("%s: got no error", name)
		}
	}
}
