package tfgraph_test

import (
	"context"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"go.uber.org/goleak"

	"alexnet/tfgraph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open finishes the scope and opens a session that is closed when the test ends.
func open(t testing.TB, s *op.Scope) *tfgraph.Session {
	t.Helper()
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	return openDef(t, def)
}

func openDef(t testing.TB, def []byte) *tfgraph.Session {
	t.Helper()
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return session
}

// Status codes (tensorflow/c/tf_status.h).
const (
	invalidArgument    = 3
	deadlineExceeded   = 4
	notFound           = 5
	failedPrecondition = 9
)

type number interface {
	~bool | ~uint8 | ~int32 | ~int64 | ~float32 | ~float64
}

// of makes a tensor that is closed when the test ends.
func of[T number](t testing.TB, values []T, shape ...int64) *tfgraph.Tensor {
	t.Helper()
	tensor, err := tfgraph.Of(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tensor.Close)
	return tensor
}

// run fetches without a deadline; the results are closed when the test ends.
func run(t testing.TB, s *tfgraph.Session, feeds tfgraph.Feeds, fetches []tf.Output, targets ...*tf.Operation) []*tfgraph.Tensor {
	t.Helper()
	results, err := s.Run(context.Background(), feeds, fetches, targets...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tfgraph.CloseAll(results) })
	return results
}

// vector is a float32 placeholder of any length.
func vector(s *op.Scope, name string) tf.Output {
	return tfgraph.Placeholder(s, name, tf.Float, tf.MakeShape(-1))
}

// double is a graph that doubles its input.
func double() (s *op.Scope, x, y tf.Output) {
	s = op.NewScope()
	x = vector(s, "x")
	return s, x, op.Mul(s, x, tfgraph.Const(s, "two", float32(2)))
}

// variable is a float32 resource variable of one dimension.
type variable struct{ handle, read tf.Output }

func newVariable(s *op.Scope, name string, size int64) variable {
	handle := tfgraph.Node(s, tf.OpSpec{Type: "VarHandleOp", Name: name, Attrs: map[string]any{
		"dtype": tf.Float, "shape": tf.MakeShape(size), "shared_name": name,
	}})
	return variable{handle, op.ReadVariableOp(s.SubScope(name), handle, tf.Float)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
