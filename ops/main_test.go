package ops_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// failer is the common part of *testing.T, *testing.B and *rapid.T.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func open(t failer, s *op.Scope) *tfgraph.Session {
	t.Helper()
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return session
}

type number interface {
	~bool | ~uint8 | ~int32 | ~int64 | ~float32 | ~float64
}

// run executes the targets and returns copies of the fetched values.
func run[T number](t failer, session *tfgraph.Session, feeds tfgraph.Feeds, fetches []tf.Output, targets ...*tf.Operation) [][]T {
	t.Helper()
	results, err := session.Run(context.Background(), feeds, fetches, targets...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer tfgraph.CloseAll(results)
	var values [][]T
	for _, r := range results {
		values = append(values, append([]T{}, tfgraph.Data[T](r)...))
	}
	return values
}

// eval returns one output of a graph without inputs.
func eval[T number](t failer, s *op.Scope, y tf.Output) []T {
	t.Helper()
	session := open(t, s)
	defer session.Close()
	return run[T](t, session, nil, []tf.Output{y})[0]
}

// tensor returns a tensor that is closed when the test ends.
func tensor[T number](t testing.TB, values []T, shape ...int64) *tfgraph.Tensor {
	t.Helper()
	made, err := tfgraph.Of(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

// array is the reference's tensor: float64, row-major.
type array struct {
	shape  []int
	values []float64
}

// random draws values from [-1,1) that float32 represents exactly.
func random(seed uint64, shape ...int) array {
	r := rand.New(rand.NewPCG(seed, 1))
	a := zeros(shape...)
	for i := range a.values {
		a.values[i] = float64(float32(2*r.Float64() - 1))
	}
	return a
}

func zeros(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return array{shape, make([]float64, n)}
}

// at addresses an array of rank 4.
func (a array) at(n, h, w, c int) *float64 {
	return &a.values[((n*a.shape[1]+h)*a.shape[2]+w)*a.shape[3]+c]
}

func (a array) float32s() []float32 {
	values := make([]float32, len(a.values))
	for i, v := range a.values {
		values[i] = float32(v)
	}
	return values
}

func (a array) dims() []int64 {
	dims := make([]int64, len(a.shape))
	for i, d := range a.shape {
		dims[i] = int64(d)
	}
	return dims
}

// constant adds a to the graph.
func (a array) constant(s *op.Scope, name string) tf.Output {
	flat := tfgraph.Const(s, name+"/flat", a.float32s())
	own := s.SubScope(name)
	return op.Reshape(own, flat, tfgraph.Const(own, "shape", a.dims()))
}

// near compares with a tolerance relative to the largest wanted magnitude.
func near(t failer, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	scale := 1e-3
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	within(t, what, got, want, tolerance*scale)
}

// within compares with an absolute tolerance; NaN fails.
func within(t failer, what string, got []float32, want []float64, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d values, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= limit) {
			t.Errorf("%s: value %d: got %g, want %g within %g", what, i, got[i], w, limit)
			return
		}
	}
}

// finiteDifferences returns the derivative of f with respect to each value of x,
// by central differences.
func finiteDifferences(x array, f func() float64) []float64 {
	const step = 1e-5
	d := make([]float64, len(x.values))
	for i, v := range x.values {
		x.values[i] = v + step
		up := f()
		x.values[i] = v - step
		d[i] = (up - f()) / (2 * step)
		x.values[i] = v
	}
	return d
}

// fedVariable is a variable with its initializer and initial value.
type fedVariable struct {
	ops.Variable
	input  tf.Output
	assign *tf.Operation
	start  array
}

func newFedVariable(root *op.Scope, name string, start array) fedVariable {
	v := ops.NewVariable(root, name, start.dims()...)
	input, assign := ops.AssignFed(root, v)
	return fedVariable{v, input, assign, start}
}

// openWith opens the graph and initializes its variables.
func openWith(t testing.TB, root *op.Scope, vars ...fedVariable) *tfgraph.Session {
	t.Helper()
	session := open(t, root)
	t.Cleanup(func() { session.Close() })
	for _, v := range vars {
		feeds := tfgraph.Feeds{v.input: tensor(t, v.start.float32s(), v.start.dims()...)}
		run[float32](t, session, feeds, nil, v.assign)
	}
	return session
}

// weighted is the scalar sum of x times fixed weights, a loss with a known
// derivative with respect to x.
func weighted(s *op.Scope, x tf.Output, weights array) tf.Output {
	product := op.Mul(s, x, weights.constant(s, "loss_weights"))
	flat := op.Reshape(s, product, tfgraph.Const(s, "flat", []int32{-1}))
	return op.Sum(s, flat, tfgraph.Const(s, "axis", []int32{0}))
}

func dot(a, b array) (sum float64) {
	for i, v := range a.values {
		sum += v * b.values[i]
	}
	return sum
}
