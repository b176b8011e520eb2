package tfgraph_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

func TestConcurrentRunsAreExact(t *testing.T) {
	s, x, y := double()
	session := open(t, s)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				v := float32(1000*worker + i)
				got, err := doubled(session, x, y, v)
				if err != nil || !slices.Equal(got, []float32{2 * v, 2 * (v + 1)}) {
					t.Errorf("worker %d, run %d: got %v, %v", worker, i, got, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// doubled feeds v and v+1 and copies the result.
func doubled(session *tfgraph.Session, x, y tf.Output, v float32) ([]float32, error) {
	in, err := tfgraph.Of([]float32{v, v + 1}, 2)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := session.Run(context.Background(), tfgraph.Feeds{x: in}, []tf.Output{y})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	return slices.Clone(tfgraph.Data[float32](out[0])), nil
}

func TestCloseWhileRunning(t *testing.T) {
	s, x, y := double()
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		session, err := tfgraph.Open(def, tfgraph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var group, started sync.WaitGroup
		for worker := range 8 {
			started.Add(1)
			group.Go(func() { runUntilClosed(t, session, x, y, float32(worker), sync.OnceFunc(started.Done)) })
		}
		started.Wait()
		for range 2 {
			group.Go(func() {
				if err := session.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
		}
		group.Wait()
	}
}

func runUntilClosed(t *testing.T, session *tfgraph.Session, x, y tf.Output, v float32, started func()) {
	defer started()
	for {
		got, err := doubled(session, x, y, v)
		if errors.Is(err, tfgraph.ErrClosed) {
			return
		}
		if err != nil || !slices.Equal(got, []float32{2 * v, 2 * (v + 1)}) {
			t.Errorf("got %v, %v, want twice %v", got, err, v)
			return
		}
		started()
	}
}

func TestCloseWaitsForRun(t *testing.T) {
	closesAfterRun(t, func(session *tfgraph.Session, in *tfgraph.Tensor) {
		if err := session.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

func TestTensorCloseWaitsForRun(t *testing.T) {
	closesAfterRun(t, func(session *tfgraph.Session, in *tfgraph.Tensor) { in.Close() })
}

// closesAfterRun calls close during a run that blocks until its deadline, and
// checks that close does not return before that.
func closesAfterRun(t *testing.T, close func(*tfgraph.Session, *tfgraph.Tensor)) {
	s := op.NewScope()
	types := []tf.DataType{tf.Float}
	x := vector(s, "x")
	running := op.FIFOQueueV2(s.SubScope("running"), types)
	signal := op.QueueEnqueueV2(s, running, []tf.Output{x})
	started := op.QueueDequeueV2(s.SubScope("started"), running, types)[0]
	blocked := op.QueueDequeueV2(s.WithControlDependencies(signal), op.FIFOQueueV2(s.SubScope("empty"), types), types)[0]
	session := open(t, s)
	in := of(t, []float32{1}, 1)
	deadline := time.Now().Add(500 * time.Millisecond)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := session.Run(ctx, tfgraph.Feeds{x: in}, []tf.Output{blocked})
		done <- err
	}()
	run(t, session, nil, []tf.Output{started})
	close(session, in)
	if early := time.Until(deadline); early > 0 {
		t.Errorf("close returned %v before the end of the run", early)
	}
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run: got %v, want context.DeadlineExceeded", err)
	}
}

// Feeding a tensor twice in one run while another goroutine closes it must not
// deadlock.
func TestCloseWhileFedTwice(t *testing.T) {
	s := op.NewScope()
	a, b := vector(s, "a"), vector(s, "b")
	sum := op.Add(s, a, b)
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		t.Fatal(err)
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for range 3000 {
			in, err := tfgraph.Of([]float32{1, 2}, 2)
			if err != nil {
				t.Error(err)
				return
			}
			var group sync.WaitGroup
			group.Go(in.Close)
			group.Go(func() {
				out, err := session.Run(context.Background(), tfgraph.Feeds{a: in, b: in}, []tf.Output{sum})
				if err != nil && !errors.Is(err, tfgraph.ErrClosed) {
					t.Errorf("run: %v", err)
				}
				tfgraph.CloseAll(out)
			})
			group.Wait()
		}
	}()
	select {
	case <-finished:
		session.Close()
	case <-time.After(20 * time.Second):
		t.Fatal("run and close are deadlocked")
	}
}
