package tfgraph_test

import (
	"context"
	"errors"
	"testing"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// queue is a graph that blocks: wait returns once put has run.
func queue(t *testing.T) (session *tfgraph.Session, wait tf.Output, put *tf.Operation) {
	s := op.NewScope()
	types := []tf.DataType{tf.Float}
	q := op.FIFOQueueV2(s, types)
	put = op.QueueEnqueueV2(s, q, []tf.Output{tfgraph.Const(s, "item", float32(5))})
	wait = op.QueueDequeueV2(s, q, types)[0]
	return open(t, s), wait, put
}

// The timeout has whole milliseconds and must not end before the context's
// deadline, or the error would miss its cause: hence the many short waits.
func TestRunHonorsDeadline(t *testing.T) {
	session, wait, put := queue(t)
	for i := range 40 {
		limit := 3*time.Millisecond + time.Duration(i)*50*time.Microsecond
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := session.Run(ctx, nil, []tf.Output{wait})
		took := time.Since(start)
		cancel()
		var tfErr *tfgraph.Error
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("wait %d of %v: got %v, want context.DeadlineExceeded", i, limit, err)
		}
		if errors.As(err, &tfErr) && tfErr.Code != deadlineExceeded {
			t.Fatalf("wait %d: got code %d, want %d", i, tfErr.Code, deadlineExceeded)
		}
		if took < limit || took > limit+2*time.Second {
			t.Fatalf("wait %d: returned after %v, want soon after %v", i, took, limit)
		}
	}
	run(t, session, nil, nil, put)
	out := run(t, session, nil, []tf.Output{wait})
	if got := tfgraph.Data[float32](out[0])[0]; got != 5 {
		t.Errorf("after the timeouts: got %v, want 5", got)
	}
}

func TestRunReturnsTensorFlowsTimeout(t *testing.T) {
	session, wait, _ := queue(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := session.Run(ctx, nil, []tf.Output{wait})
	var tfErr *tfgraph.Error
	if !errors.As(err, &tfErr) || tfErr.Code != deadlineExceeded {
		t.Errorf("got %v, want code %d", err, deadlineExceeded)
	}
}

func TestRunReportsCause(t *testing.T) {
	session, wait, _ := queue(t)
	cause := errors.New("shutdown")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, cause)
	defer cancel()
	if _, err := session.Run(ctx, nil, []tf.Output{wait}); !errors.Is(err, cause) {
		t.Errorf("got %v, want the context's cause", err)
	}
}

func TestRunAfterCancel(t *testing.T) {
	session, _, put := queue(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		want error
	}{
		{"canceled", canceled, context.Canceled},
		{"late", late, context.DeadlineExceeded},
	} {
		if _, err := session.Run(test.ctx, nil, nil, put); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

// A distant deadline must not overflow into a short timeout.
func TestRunWithDistantDeadline(t *testing.T) {
	session, wait, put := queue(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().AddDate(1000, 0, 0))
	defer cancel()
	if _, err := session.Run(ctx, nil, nil, put); err != nil {
		t.Fatal(err)
	}
	out, err := session.Run(ctx, nil, []tf.Output{wait})
	if err != nil {
		t.Fatal(err)
	}
	tfgraph.CloseAll(out)
}
