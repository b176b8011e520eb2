package tfgraph_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Sessions open, run and close concurrently while Go's garbage collector runs all
// the time: numbers and strings are fed, results outlive their sessions, tensors
// and sessions are closed during runs. Every result is correct or ErrClosed.
func TestStress(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(soak(2, 60))*time.Second)
	defer cancel()
	g := newStressed(t)
	var group sync.WaitGroup
	var rounds [4]int
	for worker := range rounds {
		group.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				if err := g.round(worker, rounds[worker]); err != nil {
					t.Errorf("worker %d, round %d: %v", worker, rounds[worker], err)
				}
				rounds[worker]++
			}
		})
	}
	group.Wait()
	t.Logf("%v rounds", rounds)
	if slices.Min(rounds[:]) == 0 {
		t.Errorf("got %v rounds, want at least one each", rounds)
	}
}

// stressed is a graph with numbers, strings and a variable.
type stressed struct {
	def                             []byte
	x, y, text, same, joined, total tf.Output
	start, add                      *tf.Operation
}

func newStressed(t *testing.T) stressed {
	var g stressed
	s, x, y := double()
	g.x, g.y = x, y
	g.text = tfgraph.Placeholder(s, "text", tf.String, tf.MakeShape(-1))
	g.same = op.Identity(s, g.text)
	g.joined = op.StringJoin(s, []tf.Output{g.text, tfgraph.Const(s, "tail", "!")})
	v := newVariable(s, "v", 1024)
	g.total = v.read
	g.start = op.AssignVariableOp(s.SubScope("start"), v.handle, tfgraph.Const(s, "zeros", make([]float32, 1024)))
	g.add = op.AssignAddVariableOp(s.SubScope("add"), v.handle, x)
	var err error
	g.def, err = tfgraph.GraphDef(s)
	must(t, err)
	return g
}

// round opens a session, uses it from several goroutines, and closes it: in every
// other round while they use it.
func (g stressed) round(worker, round int) error {
	session, err := tfgraph.Open(g.def, tfgraph.Options{Inline: worker%2 == 0})
	if err != nil {
		return err
	}
	defer session.Close()
	if _, err := session.Run(context.Background(), nil, nil, g.start); err != nil {
		return err
	}
	uses := []func(*tfgraph.Session, int) error{g.numbers, g.strings, g.numbers}
	errs := make([]error, len(uses))
	var group sync.WaitGroup
	for i, use := range uses {
		group.Go(func() {
			for k := 0; k < 5 && errs[i] == nil; k++ {
				errs[i] = use(session, 100*worker+k)
			}
		})
	}
	if round%2 == 1 {
		if err := session.Close(); err != nil {
			return err
		}
	}
	group.Wait()
	for _, err := range errs {
		if err != nil && !(round%2 == 1 && errors.Is(err, tfgraph.ErrClosed)) {
			return err
		}
	}
	return nil
}

func (g stressed) numbers(session *tfgraph.Session, seed int) error {
	in, err := tfgraph.Of(slices.Repeat([]float32{float32(seed)}, 1024), 1024)
	if err != nil {
		return err
	}
	out, err := session.Run(context.Background(), tfgraph.Feeds{g.x: in}, []tf.Output{g.y, g.total}, g.add)
	in.Close()
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(out)
	for i, got := range tfgraph.Data[float32](out[0]) {
		if got != 2*float32(seed) {
			return fmt.Errorf("number %d: got %v, want %v", i, got, 2*seed)
		}
	}
	return nil
}

func (g stressed) strings(session *tfgraph.Session, seed int) error {
	want := []string{strings.Repeat("x", seed), "short", ""}
	in, err := tfgraph.Strings(want, 3)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	defer group.Wait()
	out, err := session.Run(context.Background(), tfgraph.Feeds{g.text: in}, []tf.Output{g.same, g.joined})
	group.Go(in.Close)
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(out)
	same, joined := tfgraph.StringData(out[0]), tfgraph.StringData(out[1])
	for i, w := range want {
		if same[i] != w || joined[i] != w+"!" {
			return fmt.Errorf("string %d: got %q and %q, want %q", i, same[i], joined[i], w)
		}
	}
	return nil
}
