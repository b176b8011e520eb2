package tfgraph_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"

	"alexnet/tfgraph"
)

// A traced run returns the same values as Run, and the time of each operation.
func TestTrace(t *testing.T) {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(-1, -1))
	y := op.MatMul(s.SubScope("fc"), x, x)
	session := open(t, s)
	const side = 200
	feeds := tfgraph.Feeds{x: of(t, slices.Repeat([]float32{0.5}, side*side), side, side)}
	plain := run(t, session, feeds, []tf.Output{y})
	traced, metadata, err := session.Trace(t.Context(), feeds, []tf.Output{y})
	if err != nil {
		t.Fatal(err)
	}
	defer tfgraph.CloseAll(traced)
	if !slices.Equal(tfgraph.Data[float32](traced[0]), tfgraph.Data[float32](plain[0])) {
		t.Error("a traced run returns other values")
	}
	var m pb.RunMetadata
	if err := proto.Unmarshal(metadata, &m); err != nil {
		t.Fatal(err)
	}
	var micros int64
	for _, device := range m.GetStepStats().GetDevStats() {
		for _, node := range device.GetNodeStats() {
			if node.GetNodeName() == "fc/MatMul" {
				micros = node.GetOpEndRelMicros()
			}
		}
	}
	if micros <= 0 {
		t.Errorf("got %d µs for fc/MatMul, want some: %v", micros, m.GetStepStats())
	}
}

// A traced run fails as Run does, deadline included.
func TestTraceErrors(t *testing.T) {
	session, wait, _ := queue(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, metadata, err := session.Trace(ctx, nil, []tf.Output{wait}); !errors.Is(err, context.DeadlineExceeded) || metadata != nil {
		t.Errorf("got %d bytes, %v, want none and context.DeadlineExceeded", len(metadata), err)
	}
	if _, _, err := session.Trace(t.Context(), nil, []tf.Output{{}}); err == nil {
		t.Error("an output of no operation: got no error")
	}
}
