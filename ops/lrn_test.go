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

// bvlcLRN are the constants of package alexnet.
var bvlcLRN = ops.LRNParams{Radius: 2, Bias: 1, Alpha: 2e-5, Beta: 0.75}

// localResponseNorm is Krizhevsky et al. 2012, §3.3, as loops.
func localResponseNorm(x array, p ops.LRNParams) array {
	y, last := zeros(x.shape...), x.shape[len(x.shape)-1]
	for i, v := range x.values {
		row, c := i-i%last, i%last
		sum := 0.0
		for k := max(0, c-int(p.Radius)); k <= min(last-1, c+int(p.Radius)); k++ {
			sum += x.values[row+k] * x.values[row+k]
		}
		y.values[i] = v / math.Pow(float64(p.Bias)+float64(p.Alpha)*sum, float64(p.Beta))
	}
	return y
}

// lrnForms are the two implementations.
var lrnForms = map[string]func(*op.Scope, tf.Output, ops.LRNParams, *ops.Tape) tf.Output{
	"ops":    func(s *op.Scope, x tf.Output, p ops.LRNParams, _ *ops.Tape) tf.Output { return ops.LRN(s, x, p) },
	"kernel": ops.LRNKernel,
}

var lrnParams = map[string]ops.LRNParams{
	"AlexNet":          bvlcLRN,
	"strong":           {Radius: 2, Bias: 1, Alpha: .3, Beta: .75},
	"wide":             {Radius: 7, Bias: 2, Alpha: .1, Beta: .75},
	"narrow":           {Radius: 1, Bias: .5, Alpha: 1, Beta: .75},
	"own channel only": {Radius: 0, Bias: 1, Alpha: .5, Beta: .75},
}

func TestLRN(t *testing.T) {
	for form, build := range lrnForms {
		for name, p := range lrnParams {
			t.Run(form+"/"+name, func(t *testing.T) {
				x := random(1, 2, 3, 3, 8)
				for i := range x.values {
					x.values[i] = float64(float32(100 * x.values[i]))
				}
				s := op.NewScope()
				y := build(s.SubScope("norm"), x.constant(s, "x"), p, new(ops.Tape))
				near(t, form, eval[float32](t, s, y), localResponseNorm(x, p).values, 2e-5)
			})
		}
	}
}

func TestLRNProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := random(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 3).Draw(t, "batch"),
			rapid.IntRange(1, 3).Draw(t, "height"), 2, rapid.IntRange(1, 12).Draw(t, "channels"))
		p := ops.LRNParams{
			Radius: rapid.Int64Range(0, 6).Draw(t, "radius"),
			Bias:   rapid.Float32Range(.5, 3).Draw(t, "bias"),
			Alpha:  rapid.Float32Range(0, 2).Draw(t, "alpha"),
			Beta:   .75,
		}
		for form, build := range lrnForms {
			s := op.NewScope()
			y := build(s.SubScope("norm"), x.constant(s, "x"), p, new(ops.Tape))
			near(t, form, eval[float32](t, s, y), localResponseNorm(x, p).values, 2e-5)
		}
	})
}

func TestLRNKernelTakesAnyBeta(t *testing.T) {
	x, p := random(1, 1, 1, 2, 8), ops.LRNParams{Radius: 2, Bias: 1, Alpha: .5, Beta: .6}
	s := op.NewScope()
	y := ops.LRNKernel(s, x.constant(s, "x"), p, new(ops.Tape))
	near(t, "kernel", eval[float32](t, s, y), localResponseNorm(x, p).values, 2e-5)
}

func TestLRNRejects(t *testing.T) {
	for name, test := range map[string]struct {
		shape tf.Shape
		beta  float32
	}{
		"another beta":     {tf.MakeShape(-1, 2, 2, 8), .5},
		"unknown channels": {tf.MakeShape(-1, 2, 2, -1), .75},
		"unknown rank":     {tf.Shape{}, .75},
		"rank 2":           {tf.MakeShape(2, 8), .75},
	} {
		s := op.NewScope()
		x := tfgraph.Placeholder(s, "x", tf.Float, test.shape)
		ops.LRN(s, x, ops.LRNParams{Radius: 2, Bias: 1, Alpha: 1, Beta: test.beta})
		if s.Err() == nil || !strings.Contains(s.Err().Error(), "build LRN: got beta") {
			t.Errorf("%s: got %v, want an error of LRN", name, s.Err())
		}
	}
}

// lrnGradient is the derivative of sum(weights * LRN(x)) with respect to x.
func lrnGradient(t *testing.T, form string, x, weights array, p ops.LRNParams) []float32 {
	root, tape := op.NewScope(), new(ops.Tape)
	v := newFedVariable(root, "x", x)
	tape.Use(v.Variable)
	y := lrnForms[form](root.SubScope("norm"), v.Value, p, tape)
	grads := ops.Gradients(root, weighted(root, y, weights), []ops.Variable{v.Variable}, tape)
	return run[float32](t, openWith(t, root, v), nil, grads)[0]
}

func TestLRNGradient(t *testing.T) {
	for form := range lrnForms {
		for name, p := range lrnParams {
			t.Run(form+"/"+name, func(t *testing.T) {
				x, weights := random(5, 2, 2, 1, 8), random(6, 2, 2, 1, 8)
				got := lrnGradient(t, form, x, weights, p)
				want := finiteDifferences(x, func() float64 { return dot(localResponseNorm(x, p), weights) })
				near(t, form, got, want, 2e-5)
			})
		}
	}
}

// The registry's gradient of the kernel is .151 .062 -.153 .269 here: this case
// tells it apart from the true one.
func TestLRNGradientDiffersFromRegistry(t *testing.T) {
	x := array{[]int{1, 1, 1, 8}, []float64{1, 2, 3, -1, .5, 2, 1, 4}}
	ones := array{x.shape, []float64{1, 1, 1, 1, 1, 1, 1, 1}}
	p := ops.LRNParams{Radius: 2, Bias: 1, Alpha: .3, Beta: .75}
	want := finiteDifferences(x, func() float64 { return dot(localResponseNorm(x, p), ones) })
	for form := range lrnForms {
		near(t, form, lrnGradient(t, form, x, ones, p), want, 2e-5)
		near(t, form, lrnGradient(t, form, x, ones, p)[:4], []float64{.153, .038, -.119, .378}, 2e-3)
	}
	t.Logf("want %.4f", want)
}

func BenchmarkLRN(b *testing.B) {
	const batch = 16
	for _, layer := range []struct {
		name           string
		size, channels int
	}{{"norm1", 55, 96}, {"norm2", 27, 256}} {
		x := random(1, batch, layer.size, layer.size, layer.channels)
		for form, build := range lrnForms {
			for _, pass := range []string{"forward", "both"} {
				b.Run(layer.name+"/"+form+"/"+pass, func(b *testing.B) {
					root, tape := op.NewScope(), new(ops.Tape)
					v := newFedVariable(root, "x", x)
					tape.Use(v.Variable)
					y := build(root.SubScope("norm"), v.Value, bvlcLRN, tape)
					target := y.Op
					if pass == "both" {
						loss := op.L2Loss(root, y)
						target = ops.Gradients(root, loss, []ops.Variable{v.Variable}, tape)[0].Op
					}
					session := openWith(b, root, v)
					run[float32](b, session, nil, nil, target) // warm-up
					for b.Loop() {
						run[float32](b, session, nil, nil, target)
					}
					b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
				})
			}
		}
	}
}
