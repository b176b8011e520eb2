package ops_test

import (
	"math"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"pgregory.net/rapid"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// outputSize is the output's size along one axis (PyTorch's Conv2d).
func outputSize(in, size, stride, pad int) int { return (in+2*pad-size)/stride + 1 }

// convolve is grouped convolution, biases and ReLU as nested loops.
func convolve(x, w, b array, stride, pad, groups int) array {
	rows, cols := outputSize(x.shape[1], w.shape[0], stride, pad), outputSize(x.shape[2], w.shape[1], stride, pad)
	y := zeros(x.shape[0], rows, cols, w.shape[3])
	filters := w.shape[3] / groups
	for n := range x.shape[0] {
		for i := range rows {
			for j := range cols {
				for k := range w.shape[3] {
					sum := b.values[k] + patch(x, w, n, i*stride-pad, j*stride-pad, k, k/filters*w.shape[2])
					*y.at(n, i, j, k) = math.Max(sum, 0)
				}
			}
		}
	}
	return y
}

// patch is the product of filter k and the window at (top, left), from channel
// first on.
func patch(x, w array, n, top, left, k, first int) (sum float64) {
	for i := range w.shape[0] {
		for j := range w.shape[1] {
			if top+i < 0 || top+i >= x.shape[1] || left+j < 0 || left+j >= x.shape[2] {
				continue
			}
			for c := range w.shape[2] {
				sum += *x.at(n, top+i, left+j, first+c) * *w.at(i, j, c, k)
			}
		}
	}
	return sum
}

// convCase is a convolution of random numbers.
type convCase struct {
	name                          string
	batch, height, width, in, out int
	size, stride, pad, groups     int
}

func (c convCase) check(t failer) {
	t.Helper()
	x := random(1, c.batch, c.height, c.width, c.in)
	w := random(2, c.size, c.size, c.in/c.groups, c.out)
	b := random(3, c.out)
	s := op.NewScope()
	y := ops.Conv(s.SubScope("conv"), x.constant(s, "x"), w.constant(s, "w"), b.constant(s, "b"),
		int64(c.stride), int64(c.pad), c.groups)
	near(t, "conv", eval[float32](t, s, y), convolve(x, w, b, c.stride, c.pad, c.groups).values, 1e-5)
}

func TestConv(t *testing.T) {
	for _, c := range []convCase{
		{"one by one", 1, 3, 3, 2, 3, 1, 1, 0, 1},
		{"small conv1", 2, 23, 23, 3, 4, 11, 4, 0, 1},
		{"small conv1, padded", 2, 23, 22, 3, 4, 11, 4, 2, 1},
		{"small conv2", 2, 7, 7, 4, 6, 5, 1, 2, 2},
		{"small conv3", 2, 5, 5, 6, 4, 3, 1, 1, 1},
		{"two groups, stride 2", 1, 8, 7, 4, 2, 3, 2, 0, 2},
		{"two groups, stride 2, padded", 1, 8, 7, 2, 4, 3, 2, 1, 2},
		{"four groups", 1, 4, 4, 4, 4, 3, 1, 1, 4},
		{"window as large as the image", 1, 6, 6, 2, 2, 6, 1, 0, 1},
		{"window larger than the image", 1, 4, 4, 2, 2, 6, 1, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

func TestConvProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 4).Draw(t, "size")
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		convCase{
			batch:  rapid.IntRange(1, 2).Draw(t, "batch"),
			height: rapid.IntRange(size, 8).Draw(t, "height"),
			width:  rapid.IntRange(size, 8).Draw(t, "width"),
			in:     groups * rapid.IntRange(1, 2).Draw(t, "in"),
			out:    groups * rapid.IntRange(1, 2).Draw(t, "out"),
			size:   size,
			stride: rapid.IntRange(1, 3).Draw(t, "stride"),
			groups: groups,
			pad:    rapid.IntRange(0, 3).Draw(t, "pad"),
		}.check(t)
	})
}

func TestConvRejects(t *testing.T) {
	for _, test := range []struct {
		name   string
		in, w  []int64
		pad    int64
		groups int
	}{
		{"channels not divisible", []int64{1, 4, 4, 3}, []int64{3, 3, 1, 4}, 1, 2},
		{"filters not divisible", []int64{1, 4, 4, 4}, []int64{3, 3, 2, 3}, 1, 2},
		{"window too large", []int64{1, 4, 4, 4}, []int64{5, 5, 4, 4}, 0, 1},
	} {
		s := op.NewScope()
		x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(test.in...))
		w := tfgraph.Placeholder(s, "w", tf.Float, tf.MakeShape(test.w...))
		b := tfgraph.Placeholder(s, "b", tf.Float, tf.MakeShape(test.w[3]))
		ops.Conv(s.SubScope("conv1"), x, w, b, 1, test.pad, test.groups)
		if s.Err() == nil || !strings.Contains(s.Err().Error(), "conv1") {
			t.Errorf("%s: got %v, want an error that names conv1", test.name, s.Err())
		}
	}
}

// The derivative with respect to input, filters and biases, for padding by a Pad
// node and for SAME.
func TestConvGradient(t *testing.T) {
	for _, c := range []struct{ groups, stride, pad int }{{1, 2, 1}, {2, 2, 1}, {1, 2, 2}, {2, 1, 1}} {
		groups := c.groups
		x, w, b := random(1, 1, 5, 5, 4), random(2, 3, 3, 4/groups, 4), random(3, 4)
		size := outputSize(5, 3, c.stride, c.pad)
		weights := random(4, 1, size, size, 4)
		root, tape := op.NewScope(), new(ops.Tape)
		vars := []fedVariable{newFedVariable(root, "x", x), newFedVariable(root, "w", w), newFedVariable(root, "b", b)}
		for _, v := range vars {
			tape.Use(v.Variable)
		}
		y := ops.Conv(root.SubScope("conv"), vars[0].Value, vars[1].Value, vars[2].Value, int64(c.stride), int64(c.pad), groups)
		loss := weighted(root, y, weights)
		grads := ops.Gradients(root, loss, []ops.Variable{vars[0].Variable, vars[1].Variable, vars[2].Variable}, tape)
		session := openWith(t, root, vars...)
		got := run[float32](t, session, nil, grads)
		for i, v := range []array{x, w, b} {
			want := finiteDifferences(v, func() float64 { return dot(convolve(x, w, b, c.stride, c.pad, groups), weights) })
			near(t, vars[i].Name, got[i], want, 1e-4)
		}
	}
}

func TestMaxPool(t *testing.T) {
	for _, test := range []struct{ height, width, size, stride int }{
		{7, 7, 3, 2}, {6, 8, 3, 2}, {5, 5, 2, 2}, {3, 3, 3, 1},
	} {
		x := random(1, 2, test.height, test.width, 3)
		s := op.NewScope()
		y := ops.MaxPool(s, x.constant(s, "x"), int64(test.size), int64(test.stride))
		near(t, "pool", eval[float32](t, s, y), pool(x, test.size, test.stride).values, 0)
	}
}

func pool(x array, size, stride int) array {
	rows, cols := outputSize(x.shape[1], size, stride, 0), outputSize(x.shape[2], size, stride, 0)
	y := zeros(x.shape[0], rows, cols, x.shape[3])
	for n := range x.shape[0] {
		for i := range rows {
			for j := range cols {
				for c := range x.shape[3] {
					most := math.Inf(-1)
					for k := range size * size {
						most = math.Max(most, *x.at(n, i*stride+k/size, j*stride+k%size, c))
					}
					*y.at(n, i, j, c) = most
				}
			}
		}
	}
	return y
}

func TestDense(t *testing.T) {
	x, w, b := random(1, 3, 5), random(2, 5, 4), random(3, 4)
	want := zeros(3, 4)
	for n := range 3 {
		for o := range 4 {
			sum := b.values[o]
			for i := range 5 {
				sum += x.values[n*5+i] * w.values[i*4+o]
			}
			want.values[n*4+o] = sum
		}
	}
	s := op.NewScope()
	y := ops.Dense(s, x.constant(s, "x"), w.constant(s, "w"), b.constant(s, "b"), new(ops.Tape))
	near(t, "dense", eval[float32](t, s, y), want.values, 1e-6)
}
