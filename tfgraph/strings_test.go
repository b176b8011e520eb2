package tfgraph_test

import (
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"pgregory.net/rapid"

	"alexnet/tfgraph"
)

// long does not fit into its cell, which has room for 22 bytes.
var long = strings.Repeat("photo ", 100)

func stringsOf(t testing.TB, values []string, shape ...int64) *tfgraph.Tensor {
	t.Helper()
	tensor, err := tfgraph.Strings(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tensor.Close)
	return tensor
}

func TestStringsRoundTrip(t *testing.T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.String, tf.Shape{})
	y := op.Identity(s, x)
	session := open(t, s)
	for _, test := range []struct {
		name   string
		values []string
		shape  []int64
	}{
		{"scalar", []string{"cat"}, nil},
		{"empty string", []string{""}, nil},
		{"no strings", []string{}, []int64{0}},
		{"fits its cell", []string{strings.Repeat("a", 22), strings.Repeat("b", 23)}, []int64{2}},
		{"long", []string{long, "", long + long, "short"}, []int64{2, 2}},
		{"binary", []string{"\x00", "a\x00b", "\xff\xfe\x00", "\n\r\t"}, []int64{4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := stringsOf(t, test.values, test.shape...)
			out := run(t, session, tfgraph.Feeds{x: in}, []tf.Output{y})[0]
			for name, tensor := range map[string]*tfgraph.Tensor{"fed": in, "fetched": out} {
				if got := tfgraph.StringData(tensor); !slices.Equal(got, test.values) {
					t.Errorf("%s: got %q, want %q", name, got, test.values)
				}
				if !slices.Equal(tensor.Shape(), test.shape) {
					t.Errorf("%s: got shape %v, want %v", name, tensor.Shape(), test.shape)
				}
			}
		})
	}
}

func TestStringsFromBytes(t *testing.T) {
	values := [][]byte{[]byte("cat"), nil}
	tensor, err := tfgraph.Strings(values, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tensor.Close()
	values[0][0] = 'b'
	if got := tfgraph.StringData(tensor); !slices.Equal(got, []string{"cat", ""}) {
		t.Errorf("got %q, want a copy of cat and nothing", got)
	}
}

func TestStringsReject(t *testing.T) {
	for _, test := range []struct {
		name  string
		shape []int64
	}{
		{"too few", []int64{3}},
		{"scalar", nil},
		{"negative", []int64{-2}},
		{"wraps", []int64{1 << 62, 1 << 62}},
	} {
		if tensor, err := tfgraph.Strings([]string{"a", "b"}, test.shape...); err == nil {
			tensor.Close()
			t.Errorf("%s: got a tensor, want an error", test.name)
		}
	}
}

// A fetched tensor may share the memory of a constant or of a fed tensor;
// closing one owner must not free the strings of another.
func TestStringsOutliveOtherOwners(t *testing.T) {
	s := op.NewScope()
	constant := tfgraph.Const(s, "constant", []string{long, "short"})
	x := tfgraph.Placeholder(s, "x", tf.String, tf.MakeShape(1))
	y := op.Identity(s, x)
	session := open(t, s)
	for i := range 3 {
		got := run(t, session, nil, []tf.Output{constant})[0]
		if values := tfgraph.StringData(got); !slices.Equal(values, []string{long, "short"}) {
			t.Fatalf("constant, fetch %d: got %.20q", i, values)
		}
		got.Close()
	}
	in := stringsOf(t, []string{long}, 1)
	out := run(t, session, tfgraph.Feeds{x: in}, []tf.Output{y})[0]
	in.Close()
	if got := tfgraph.StringData(out); !slices.Equal(got, []string{long}) {
		t.Errorf("fetched, after closing the fed tensor: got %.20q", got)
	}
}

func TestStringsProperty(t *testing.T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.String, tf.MakeShape(-1))
	joined := op.StringJoin(s, []tf.Output{x, tfgraph.Const(s, "tail", "!")})
	session := open(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 64)).Draw(rt, "values")
		in, err := tfgraph.Strings(values, int64(len(values)))
		if err != nil {
			rt.Fatal(err)
		}
		defer in.Close()
		out, err := session.Run(t.Context(), tfgraph.Feeds{x: in}, []tf.Output{joined})
		if err != nil {
			rt.Fatal(err)
		}
		defer tfgraph.CloseAll(out)
		for i, got := range tfgraph.StringData(out[0]) {
			if want := string(values[i]) + "!"; got != want {
				rt.Fatalf("string %d: got %q, want %q", i, got, want)
			}
		}
	})
}
