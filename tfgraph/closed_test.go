package tfgraph_test

import (
	"errors"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Every method of a session that is closed or was never opened returns an error.
func TestClosedSession(t *testing.T) {
	s, x, y := double()
	sessions := map[string]*tfgraph.Session{"closed": open(t, s), "closed twice": nil, "never opened": new(tfgraph.Session)}
	def, err := tfgraph.GraphDef(op.NewScope())
	must(t, err)
	sessions["closed twice"] = openDef(t, def)
	must(t, sessions["closed twice"].Close())
	for name, session := range sessions {
		must(t, session.Close())
		in := of(t, []float32{1}, 1)
		uses := map[string]func() error{
			"Run": func() error {
				_, err := session.Run(t.Context(), tfgraph.Feeds{x: in}, []tf.Output{y})
				return err
			},
			"Run a target": func() error {
				_, err := session.Run(t.Context(), nil, nil, y.Op)
				return err
			},
			"Run nothing": func() error {
				_, err := session.Run(t.Context(), nil, nil)
				return err
			},
			"RunNamed": func() error {
				_, err := session.RunNamed(t.Context(), map[string]*tfgraph.Tensor{"x:0": in}, "Mul:0")
				return err
			},
			"Trace": func() error {
				_, _, err := session.Trace(t.Context(), tfgraph.Feeds{x: in}, []tf.Output{y})
				return err
			},
		}
		for use, do := range uses {
			if err := do(); !errors.Is(err, tfgraph.ErrClosed) {
				t.Errorf("%s, session %s: got %v, want %v", use, name, err, tfgraph.ErrClosed)
			}
		}
		if got := tfgraph.Data[float32](in); len(got) != 1 || got[0] != 1 {
			t.Errorf("%s: the tensor to feed changed to %v", name, got)
		}
		must(t, session.Close())
	}
}

// A closed or zero tensor has no contents, and feeding it is an error.
func TestClosedTensor(t *testing.T) {
	s, x, y := double()
	session := open(t, s)
	text, err := tfgraph.Strings([]string{"a"}, 1)
	must(t, err)
	fetched := run(t, session, tfgraph.Feeds{x: of(t, []float32{1}, 1)}, []tf.Output{y})[0]
	tensors := map[string]*tfgraph.Tensor{"numbers": of(t, []float32{1, 2}, 2), "strings": text, "fetched": fetched,
		"empty": of(t, []float32{}, 0), "zero": new(tfgraph.Tensor)}
	for name, tensor := range tensors {
		tensor.Close()
		tensor.Close()
		if tfgraph.Data[float32](tensor) != nil || tensor.Row(0) != nil || tensor.Row(7) != nil || tfgraph.StringData(tensor) != nil {
			t.Errorf("%s: a closed tensor has contents", name)
		}
		for use, do := range map[string]func() error{
			"Run": func() error {
				_, err := session.Run(t.Context(), tfgraph.Feeds{x: tensor}, []tf.Output{y})
				return err
			},
			"RunNamed": func() error {
				_, err := session.RunNamed(t.Context(), map[string]*tfgraph.Tensor{"x:0": tensor}, y.Op.Name()+":0")
				return err
			},
			"Trace": func() error {
				_, _, err := session.Trace(t.Context(), tfgraph.Feeds{x: tensor}, []tf.Output{y})
				return err
			},
		} {
			if err := do(); !errors.Is(err, tfgraph.ErrClosed) {
				t.Errorf("%s, tensor %s: got %v, want %v", use, name, err, tfgraph.ErrClosed)
			}
		}
	}
	var none *tfgraph.Tensor
	none.Close()
	tfgraph.CloseAll([]*tfgraph.Tensor{nil, none})
}

// Feeding or fetching an output that does not exist is an error.
func TestNoSuchOutput(t *testing.T) {
	s, x, y := double()
	session := open(t, s)
	in := of(t, []float32{1}, 1)
	for _, index := range []int{-1, 1, 1 << 20, -1 << 31} {
		odd := tf.Output{Op: y.Op, Index: index}
		if _, err := session.Run(t.Context(), tfgraph.Feeds{x: in}, []tf.Output{odd}); err == nil {
			t.Errorf("fetch output %d: got no error", index)
		}
		if _, err := session.Run(t.Context(), tfgraph.Feeds{x: in, odd: in}, []tf.Output{y}); err == nil {
			t.Errorf("feed output %d: got no error", index)
		}
	}
	for _, name := range []string{"", ":", ":0", "Mul", "Mul:", "Mul:-1", "Mul:1", "Mul:65535", "Mul:65536", "Mul:0x0", "^Mul", "Mul:0:0", "x\x00:0", "\xff:0"} {
		if _, err := session.RunNamed(t.Context(), map[string]*tfgraph.Tensor{"x:0": in}, name); err == nil {
			t.Errorf("fetch %q: got no error", name)
		}
		if _, err := session.RunNamed(t.Context(), map[string]*tfgraph.Tensor{name: in}, "Mul:0"); err == nil {
			t.Errorf("feed %q: got no error", name)
		}
	}
	if got := run(t, session, tfgraph.Feeds{x: in}, []tf.Output{y}); tfgraph.Data[float32](got[0])[0] != 2 {
		t.Errorf("after the errors: got %v, want 2", got[0])
	}
}
