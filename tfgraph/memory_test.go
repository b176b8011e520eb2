package tfgraph_test

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Overwriting a tensor after it was assigned changes the variable, as Allocate
// warns. Closing it is harmless.
func TestAssignedTensorIsTheVariablesMemory(t *testing.T) {
	s := op.NewScope()
	v := newVariable(s, "v", 1024)
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(1024))
	assign := op.AssignVariableOp(s, v.handle, x)
	session := open(t, s)
	first := func() float32 { return tfgraph.Data[float32](run(t, session, nil, []tf.Output{v.read})[0])[0] }

	in := of(t, slices.Repeat([]float32{1}, 1024), 1024)
	run(t, session, tfgraph.Feeds{x: in}, nil, assign)
	tfgraph.Data[float32](in)[0] = 2
	if got := first(); got != 2 {
		t.Errorf("got %v, want 2: TensorFlow copies now: remove Allocate's warning", got)
	}
	in.Close()
	of(t, slices.Repeat([]float32{9}, 1024), 1024) // may get the memory, if it is free
	if got := first(); got != 2 {
		t.Errorf("after close: got %v, want 2", got)
	}
}

// TensorFlow's updates do not change a fetched variable.
func TestFetchedVariableIsSnapshot(t *testing.T) {
	s := op.NewScope()
	v := newVariable(s, "v", 1024)
	start := op.AssignVariableOp(s, v.handle, op.Fill(s, tfgraph.Const(s, "shape", []int32{1024}), tfgraph.Const(s, "one", float32(1))))
	down := op.ResourceApplyGradientDescent(s, v.handle, tfgraph.Const(s, "rate", float32(1)), v.read)
	add := op.AssignAddVariableOp(s, v.handle, v.read)
	session := open(t, s)
	run(t, session, nil, nil, start)
	before := run(t, session, nil, []tf.Output{v.read})[0]
	run(t, session, nil, nil, add)
	between := run(t, session, nil, []tf.Output{v.read})[0]
	run(t, session, nil, nil, down)
	after := run(t, session, nil, []tf.Output{v.read})[0]
	for i, tensor := range []*tfgraph.Tensor{before, between, after} {
		if got, want := tfgraph.Data[float32](tensor)[7], []float32{1, 2, 0}[i]; got != want {
			t.Errorf("fetch %d: got %v, want %v", i, got, want)
		}
	}
}

// A fetched constant shares the graph's memory, as Data warns.
func TestFetchedConstantIsTheGraphsMemory(t *testing.T) {
	s := op.NewScope()
	constant := tfgraph.Const(s, "mean", slices.Repeat([]float32{1}, 1024))
	session := open(t, s)
	first := run(t, session, nil, []tf.Output{constant})[0]
	tfgraph.Data[float32](first)[0] = 2
	second := run(t, session, nil, []tf.Output{constant})[0]
	if got := tfgraph.Data[float32](second)[0]; got != 2 {
		t.Errorf("got %v, want 2: TensorFlow copies now: remove Data's warning", got)
	}
}

// resident is the process's resident memory in bytes (proc(5), statm).
func resident(t *testing.T) int64 {
	t.Helper()
	runtime.GC()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc on this system")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// soak returns the usual number of repetitions, or the long one if ALEXNET_SOAK is
// set.
func soak(usual, long int) int {
	if os.Getenv("ALEXNET_SOAK") != "" {
		return long
	}
	return usual
}

// Each case would hold at least three times the limit if it leaked.
func TestMemoryStaysFlat(t *testing.T) {
	const limit = 64 << 20 // allocators cache some pages
	for _, test := range []struct {
		name   string
		times  int
		repeat func(t *testing.T) func()
	}{
		{"runs of 1 MB", soak(2_000, 10_000), runsOfMegabyte},
		{"rejected runs of 1 MB", soak(1_000, 10_000), rejectedRuns},
		{"sessions of 4 MB", soak(100, 1_000), sessionsOfFourMegabytes},
		{"100 strings of 10 kB", soak(500, 10_000), runsOfStrings},
		{"steps of training of 1 MB", soak(1_000, 10_000), steps},
		{"sessions that are opened and closed", soak(50, 1_000), sessions},
	} {
		t.Run(test.name, func(t *testing.T) {
			once := test.repeat(t)
			for range test.times / 10 {
				once()
			}
			before := resident(t)
			for range test.times {
				once()
			}
			if grown := resident(t) - before; grown > limit {
				t.Errorf("resident memory grew by %d MB over %d repetitions, want at most %d", grown>>20, test.times, limit>>20)
			}
		})
	}
}

const megabyte = 1 << 18 // float32 values

func runsOfMegabyte(t *testing.T) func() {
	s, x, y := double()
	session := open(t, s)
	values := make([]float32, megabyte)
	return func() {
		in, err := tfgraph.Of(values, megabyte)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, err := session.Run(context.Background(), tfgraph.Feeds{x: in}, []tf.Output{y})
		if err != nil {
			t.Fatal(err)
		}
		tfgraph.CloseAll(out)
	}
}

func rejectedRuns(t *testing.T) func() {
	s, x, y := double()
	z := op.AddV2(s, y, tfgraph.Const(s, "three", []float32{1, 2, 3}))
	session := open(t, s)
	values := make([]float32, megabyte)
	return func() {
		in, err := tfgraph.Of(values, megabyte)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if _, err := session.Run(context.Background(), tfgraph.Feeds{x: in}, []tf.Output{y, z}); err == nil {
			t.Fatal("added vectors of different lengths")
		}
	}
}

func sessionsOfFourMegabytes(t *testing.T) func() {
	s := op.NewScope()
	v := newVariable(s, "v", 4*megabyte)
	start := op.AssignVariableOp(s, v.handle, op.Fill(s, tfgraph.Const(s, "shape", []int32{4 * megabyte}), tfgraph.Const(s, "one", float32(1))))
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		session, err := tfgraph.Open(def, tfgraph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		if _, err := session.Run(context.Background(), nil, nil, start); err != nil {
			t.Fatal(err)
		}
	}
}

func runsOfStrings(t *testing.T) func() {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.String, tf.MakeShape(-1))
	same := op.Identity(s, x)
	joined := op.StringJoin(s, []tf.Output{x, tfgraph.Const(s, "tail", "!")})
	session := open(t, s)
	values := slices.Repeat([]string{strings.Repeat("pixel", 2000)}, 100)
	return func() {
		in, err := tfgraph.Strings(values, 100)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, err := session.Run(context.Background(), tfgraph.Feeds{x: in}, []tf.Output{same, joined})
		if err != nil {
			t.Fatal(err)
		}
		tfgraph.CloseAll(out)
	}
}

// steps feeds a gradient, updates a variable with it, and fetches the variable, as
// training does.
func steps(t *testing.T) func() {
	s := op.NewScope()
	v := newVariable(s, "v", megabyte)
	start := op.AssignVariableOp(s.SubScope("start"), v.handle, op.Fill(s, tfgraph.Const(s, "shape", []int32{megabyte}), tfgraph.Const(s, "one", float32(1))))
	gradient, rate := vector(s, "gradient"), tfgraph.Placeholder(s, "rate", tf.Float, tf.ScalarShape())
	update := op.ResourceApplyGradientDescent(s, v.handle, rate, gradient)
	session := open(t, s)
	run(t, session, nil, nil, start)
	values := make([]float32, megabyte)
	return func() {
		in, err := tfgraph.Of(values, megabyte)
		must(t, err)
		defer in.Close()
		small, err := tfgraph.Scalar(float32(0.1))
		must(t, err)
		defer small.Close()
		out, err := session.Run(context.Background(), tfgraph.Feeds{gradient: in, rate: small}, []tf.Output{v.read}, update)
		must(t, err)
		tfgraph.CloseAll(out)
	}
}

// sessions opens a session, runs it once, and closes it.
func sessions(t *testing.T) func() {
	s, x, y := double()
	def, err := tfgraph.GraphDef(s)
	must(t, err)
	return func() {
		session, err := tfgraph.Open(def, tfgraph.Options{})
		must(t, err)
		if got, err := doubled(session, x, y, 3); err != nil || got[1] != 8 {
			t.Fatalf("got %v, %v, want 6 and 8", got, err)
		}
		must(t, session.Close())
	}
}
