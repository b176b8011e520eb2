package tfgraph_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

func TestRunFetchesInOrder(t *testing.T) {
	s := op.NewScope()
	var fetches []tf.Output
	for i := range 5 {
		fetches = append(fetches, tfgraph.Const(s.SubScope("c"), "value", int32(i)))
	}
	session := open(t, s)
	for _, order := range [][]int{{0, 1, 2, 3, 4}, {4, 2, 0}, {3, 3, 1}} {
		var wanted []tf.Output
		for _, i := range order {
			wanted = append(wanted, fetches[i])
		}
		got := run(t, session, nil, wanted)
		if len(got) != len(order) {
			t.Fatalf("got %d tensors, want %d", len(got), len(order))
		}
		for k, i := range order {
			if v := tfgraph.Data[int32](got[k])[0]; v != int32(i) {
				t.Errorf("order %v, position %d: got %d", order, k, v)
			}
		}
	}
}

func TestRunBorrowsFeeds(t *testing.T) {
	s, x, y := double()
	session := open(t, s)
	in := of(t, []float32{1, 2}, 2)
	for i := range 3 {
		tfgraph.Data[float32](in)[0] = float32(i)
		out := run(t, session, tfgraph.Feeds{x: in}, []tf.Output{y})
		if got, want := tfgraph.Data[float32](out[0]), []float32{2 * float32(i), 4}; !slices.Equal(got, want) {
			t.Errorf("run %d: got %v, want %v", i, got, want)
		}
	}
}

func TestRunFeedsOneTensorTwice(t *testing.T) {
	s := op.NewScope()
	a, b := vector(s, "a"), vector(s, "b")
	sum := op.Add(s, a, b)
	in := of(t, []float32{1, 2}, 2)
	out := run(t, open(t, s), tfgraph.Feeds{a: in, b: in}, []tf.Output{sum})
	if got := tfgraph.Data[float32](out[0]); !slices.Equal(got, []float32{2, 4}) {
		t.Errorf("got %v, want [2 4]", got)
	}
}

// A fed value replaces any output, not only a placeholder's.
func TestRunFeedsInnerOutput(t *testing.T) {
	s, x, y := double()
	z := op.Neg(s, y)
	session := open(t, s)
	out := run(t, session, tfgraph.Feeds{y: of(t, []float32{7}, 1)}, []tf.Output{z})
	if got := tfgraph.Data[float32](out[0])[0]; got != -7 {
		t.Errorf("got %v, want -7 (x %v is not needed)", got, x.Op.Name())
	}
}

func TestRunTargets(t *testing.T) {
	s := op.NewScope()
	v := newVariable(s, "v", 2)
	assign := op.AssignVariableOp(s.SubScope("assign"), v.handle, tfgraph.Const(s, "start", []float32{1, 2}))
	add := op.AssignAddVariableOp(s.SubScope("add"), v.handle, tfgraph.Const(s, "step", []float32{10, 10}))
	session := open(t, s)
	if got := run(t, session, nil, nil, assign); len(got) != 0 {
		t.Errorf("got %d tensors for no fetch", len(got))
	}
	run(t, session, nil, nil, add)
	run(t, session, nil, nil, add)
	out := run(t, session, nil, []tf.Output{v.read})
	if got := tfgraph.Data[float32](out[0]); !slices.Equal(got, []float32{21, 22}) {
		t.Errorf("got %v, want [21 22]", got)
	}
}

func TestRunErrors(t *testing.T) {
	s := op.NewScope()
	x := vector(s, "x")
	matrix := tfgraph.Placeholder(s, "matrix", tf.Float, tf.MakeShape(-1, 2))
	product := op.MatMul(s, matrix, tfgraph.Const(s, "weights", [][]float32{{1}, {1}}))
	y := op.Identity(s, x)
	v := newVariable(s, "layer/weights", 2)
	session := open(t, s)

	other := op.NewScope()
	stranger := tfgraph.Const(other, "stranger", float32(1))
	good := of(t, []float32{1}, 1)
	for _, test := range []struct {
		name    string
		feeds   tfgraph.Feeds
		fetches []tf.Output
		targets []*tf.Operation
		code    int // 0: not TensorFlow's error
		words   string
	}{
		{"nothing fed", nil, []tf.Output{y}, nil, invalidArgument, "x"},
		{"wrong dtype", tfgraph.Feeds{x: of(t, []int32{1}, 1)}, []tf.Output{y}, nil, invalidArgument, "float"},
		{"wrong shape", tfgraph.Feeds{matrix: of(t, make([]float32, 3), 1, 3)}, []tf.Output{product}, nil, invalidArgument, "MatMul"},
		{"wrong rank", tfgraph.Feeds{matrix: good}, []tf.Output{product}, nil, invalidArgument, "MatMul"},
		{"nil tensor", tfgraph.Feeds{x: nil}, []tf.Output{y}, nil, 0, `"x"`},
		{"zero tensor", tfgraph.Feeds{x: new(tfgraph.Tensor)}, []tf.Output{y}, nil, 0, `"x"`},
		{"feed of no operation", tfgraph.Feeds{{}: good}, []tf.Output{y}, nil, 0, "without an operation"},
		{"fetch of no operation", nil, []tf.Output{{}}, nil, 0, "without an operation"},
		{"nil target", nil, nil, []*tf.Operation{nil}, 0, "target"},
		{"unknown fetch", nil, []tf.Output{stranger}, nil, notFound, `"stranger"`},
		{"unknown feed", tfgraph.Feeds{stranger: good}, []tf.Output{y}, nil, notFound, `"stranger"`},
		{"unknown target", nil, nil, []*tf.Operation{stranger.Op}, notFound, `"stranger"`},
		{"no such output", tfgraph.Feeds{x: good}, []tf.Output{{Op: y.Op, Index: 5}}, nil, 11 /* OUT_OF_RANGE */, "output 5"},
		{"nothing to do", nil, nil, nil, invalidArgument, "at least one target"},
		{"uninitialized variable", nil, []tf.Output{v.read}, nil, failedPrecondition, "layer/weights"},
	} {
		t.Run(test.name, func(t *testing.T) {
			results, err := session.Run(t.Context(), test.feeds, test.fetches, test.targets...)
			if err == nil {
				tfgraph.CloseAll(results)
				t.Fatal("got no error")
			}
			var tfErr *tfgraph.Error
			if errors.As(err, &tfErr) != (test.code != 0) || (tfErr != nil && tfErr.Code != test.code) {
				t.Errorf("got %#v, want code %d", err, test.code)
			}
			if !strings.HasPrefix(err.Error(), "run session: ") || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %q, want run session: … %s …", err, test.words)
			}
		})
	}
	out := run(t, session, tfgraph.Feeds{x: good}, []tf.Output{y})
	if got := tfgraph.Data[float32](out[0])[0]; got != 1 {
		t.Errorf("after the errors: got %v, want 1", got)
	}
}

// TensorFlow checks the dtype of a fed tensor, not the placeholder's shape: only
// an operation that cannot use another shape fails, as Run documents.
func TestRunDoesNotCheckShapes(t *testing.T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(-1, 2))
	y := op.Neg(s, x)
	out := run(t, open(t, s), tfgraph.Feeds{x: of(t, []float32{1, 2, 3}, 3)}, []tf.Output{y})
	if got := tfgraph.Data[float32](out[0]); !slices.Equal(got, []float32{-1, -2, -3}) {
		t.Errorf("got %v, want [-1 -2 -3]", got)
	}
}

func TestOpenRejects(t *testing.T) {
	s, _, _ := double()
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	misspelled := strings.Replace(string(def), "\x12\x03Mul", "\x12\x03Mud", 1)
	for name, bytes := range map[string][]byte{
		"text":              []byte("not a graph"),
		"truncated":         def[:len(def)-1],
		"zeros":             make([]byte, 100),
		"unknown operation": []byte(misspelled),
	} {
		t.Run(name, func(t *testing.T) {
			session, err := tfgraph.Open(bytes, tfgraph.Options{})
			if err == nil {
				session.Close()
				t.Fatal("got a session, want an error")
			}
			var tfErr *tfgraph.Error
			if !errors.As(err, &tfErr) || tfErr.Op != "import graph" || tfErr.Code == 0 || tfErr.Message == "" {
				t.Errorf("got %#v, want a typed import error", err)
			}
		})
	}
}

func TestSessionsDoNotShareVariables(t *testing.T) {
	s := op.NewScope()
	v := newVariable(s, "v", 1)
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(1))
	assign := op.AssignVariableOp(s, v.handle, x)
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	first, second := openDef(t, def), openDef(t, def)
	run(t, first, tfgraph.Feeds{x: of(t, []float32{1}, 1)}, nil, assign)
	if _, err := second.Run(t.Context(), nil, []tf.Output{v.read}); err == nil {
		t.Error("second session read a variable that only the first assigned")
	}
	run(t, second, tfgraph.Feeds{x: of(t, []float32{2}, 1)}, nil, assign)
	out := run(t, first, nil, []tf.Output{v.read})
	if got := tfgraph.Data[float32](out[0])[0]; got != 1 {
		t.Errorf("first session: got %v, want 1", got)
	}
}

func TestSessionOptions(t *testing.T) {
	s, x, y := double()
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	session, err := tfgraph.Open(def, tfgraph.Options{IntraOp: 1, InterOp: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	out := run(t, session, tfgraph.Feeds{x: of(t, []float32{3}, 1)}, []tf.Output{y})
	if got := tfgraph.Data[float32](out[0])[0]; got != 6 {
		t.Errorf("got %v, want 6", got)
	}
}

// Results remain valid after the session is closed.
func TestResultsOutliveSession(t *testing.T) {
	s, x, y := double()
	session := open(t, s)
	results, err := session.Run(context.Background(), tfgraph.Feeds{x: of(t, []float32{1, 2}, 2)}, []tf.Output{y})
	if err != nil {
		t.Fatal(err)
	}
	defer tfgraph.CloseAll(results)
	session.Close()
	if got := tfgraph.Data[float32](results[0]); !slices.Equal(got, []float32{2, 4}) {
		t.Errorf("got %v, want [2 4]", got)
	}
}
