package ops_test

import (
	"math"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// dropoutGraph has two dropout layers with different salts.
type dropoutGraph struct {
	session    *tfgraph.Session
	x, rate    tf.Output
	seed       tf.Output
	six, seven tf.Output
}

func newDropoutGraph(t *testing.T) *dropoutGraph {
	s := op.NewScope()
	d := &dropoutGraph{
		x:    tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(-1)),
		rate: tfgraph.Placeholder(s, "rate", tf.Float, tf.ScalarShape()),
		seed: tfgraph.Placeholder(s, "seed", tf.Int64, tf.MakeShape(2)),
	}
	d.six = ops.Dropout(s.SubScope("dropout6"), d.x, d.rate, d.seed, 6)
	d.seven = ops.Dropout(s.SubScope("dropout7"), d.x, d.rate, d.seed, 7)
	d.session = open(t, s)
	t.Cleanup(func() { d.session.Close() })
	return d
}

func (d *dropoutGraph) drop(t *testing.T, x []float32, rate float32, seed ...int64) (six, seven []float32) {
	t.Helper()
	feeds := tfgraph.Feeds{
		d.x:    tensor(t, x, int64(len(x))),
		d.rate: tensor(t, []float32{rate}),
		d.seed: tensor(t, seed, 2),
	}
	got := run[float32](t, d.session, feeds, []tf.Output{d.six, d.seven})
	return got[0], got[1]
}

// Values go down to the smallest normal number: TensorFlow's threads flush
// denormals to zero.
func TestDropoutRateZeroIsIdentity(t *testing.T) {
	x := []float32{0, float32(math.Copysign(0, -1)), 1, -1.0 / 3, math.MaxFloat32,
		0x1p-126, float32(math.Inf(-1)), float32(math.NaN())}
	for range 8 {
		x = append(x, x...)
	}
	d := newDropoutGraph(t)
	got, _ := d.drop(t, x, 0, 1, 2)
	for i := range x {
		if math.Float32bits(got[i]) != math.Float32bits(x[i]) {
			// A NaN stays NaN; its payload depends on the processor.
			if got[i] != got[i] && x[i] != x[i] {
				continue
			}
			t.Fatalf("value %d: got %x, want %x", i, math.Float32bits(got[i]), math.Float32bits(x[i]))
		}
	}
}

// This seed draws an exact zero twice in 2^20: the smallest rate drops those, and
// rate 0 must not.
func TestDropoutRateZeroKeepsZeroDraws(t *testing.T) {
	x := slices.Repeat([]float32{1}, 1<<20)
	d := newDropoutGraph(t)
	for rate, want := range map[float32]int{1e-8: 2, 0: 0} {
		dropped := 0
		six, _ := d.drop(t, x, rate, 1, 16)
		for _, v := range six {
			if v == 0 {
				dropped++
			}
		}
		if dropped != want {
			t.Errorf("rate %g: dropped %d, want %d", rate, dropped, want)
		}
	}
}

func TestDropoutScalesKeptValues(t *testing.T) {
	const n = 1 << 16
	x := random(1, n).float32s()
	d := newDropoutGraph(t)
	for _, rate := range []float32{.1, .25, .5, .9} {
		got, _ := d.drop(t, x, rate, 42, 0)
		kept := 0
		for i, v := range got {
			if v == 0 {
				continue
			}
			kept++
			if want := x[i] / (1 - rate); v != want {
				t.Fatalf("rate %g, value %d: got %g, want %g or 0", rate, i, v, want)
			}
		}
		// Five deviations of the binomial distribution.
		p := float64(1 - rate)
		if got, limit := float64(kept)/n, 5*math.Sqrt(p*(1-p)/n); math.Abs(got-p) > limit {
			t.Errorf("rate %g: kept %.4f, want %.4f within %.4f", rate, got, p, limit)
		}
	}
}

func TestDropoutMaskIsAFunctionOfSeedAndSalt(t *testing.T) {
	x := slices.Repeat([]float32{1}, 1000)
	d, other := newDropoutGraph(t), newDropoutGraph(t)
	six, seven := d.drop(t, x, .5, 1, 100)
	if again, _ := d.drop(t, x, .5, 1, 100); !slices.Equal(again, six) {
		t.Error("the same seed gave a different mask in the same session")
	}
	if again, _ := other.drop(t, x, .5, 1, 100); !slices.Equal(again, six) {
		t.Error("the same seed gave a different mask in another session")
	}
	step, _ := d.drop(t, x, .5, 1, 101)
	seed, _ := d.drop(t, x, .5, 2, 100)
	for name, mask := range map[string][]float32{"salt": seven, "second seed": step, "first seed": seed} {
		same := 0
		for i := range mask {
			if mask[i] == six[i] {
				same++
			}
		}
		// Independent masks agree at half of 1,000 positions; 80 is five deviations.
		if same < 420 || same > 580 {
			t.Errorf("different %s: %d of 1000 positions agree, want about 500", name, same)
		}
	}
}

// Rows of 1, 4 and 7 values make micro-batches start at every offset within the
// four numbers that the generator makes at a time.
func TestDropoutOfMicroBatches(t *testing.T) {
	const rows = 11
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(-1, -1))
	seed := tfgraph.Placeholder(s, "seed", tf.Int64, tf.MakeShape(-1))
	y := ops.Dropout(s, x, tfgraph.Const(s, "rate", float32(.5)), seed, 6)
	session := open(t, s)
	defer session.Close()
	drop := func(width, first, last int, seed64 ...int64) []float32 {
		ones := slices.Repeat([]float32{1}, (last-first)*width)
		feeds := tfgraph.Feeds{x: tensor(t, ones, int64(last-first), int64(width)), seed: tensor(t, seed64, int64(len(seed64)))}
		return run[float32](t, session, feeds, []tf.Output{y})[0]
	}
	for _, width := range []int{1, 4, 7} {
		batch := drop(width, 0, rows, 3, 5)
		if got := drop(width, 0, rows, 3, 5, 0); !slices.Equal(got, batch) {
			t.Errorf("width %d: a batch from row 0 differs from one without a row: got %v, want %v", width, got, batch)
		}
		for first := range rows {
			for last := first + 1; last <= rows; last++ {
				got, want := drop(width, first, last, 3, 5, int64(first)), batch[first*width:last*width]
				if !slices.Equal(got, want) {
					t.Fatalf("width %d, rows %d to %d: got %v, want %v", width, first, last, got, want)
				}
			}
		}
	}
}
