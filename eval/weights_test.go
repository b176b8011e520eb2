package eval

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/tfgraph"
)

// Weights that are fed from the file and variables that were restored from it
// give the same probabilities.
func TestWeightsAgreeWithRestoredVariables(t *testing.T) {
	c := opened(t)
	images, err := tfgraph.Allocate(tf.Float, 3, int64(tiny.Size), int64(tiny.Size), 3)
	must(t, err)
	defer images.Close()
	for i := range tfgraph.Data[float32](images) {
		tfgraph.Data[float32](images)[i] = float32(i%251) - 125
	}
	ctx := context.Background()
	got, err := c.head.run(ctx, c.session, tfgraph.Feeds{c.head.Images: images}, c.head.Probabilities)
	must(t, err)
	defer tfgraph.CloseAll(got)

	root := op.NewScope()
	net := alexnet.Build(root, c.Meta.Network)
	head := NewHead(root, net.Images, net.Logits, 2)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	defer session.Close()
	prefix, err := Find(trained(t))
	must(t, err)
	must(t, saver.Restore(ctx, session, prefix))
	want, err := head.run(ctx, session, tfgraph.Feeds{head.Images: images}, head.Probabilities)
	must(t, err)
	defer tfgraph.CloseAll(want)
	for i, p := range tfgraph.Data[float32](want[0]) {
		if q := tfgraph.Data[float32](got[0])[i]; math.Abs(float64(p-q)) > 1e-6 {
			t.Errorf("probability %d: got %v, want %v", i, q, p)
		}
	}
}

// mappings counts where the process has a checkpoint's data in memory.
func mappings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc/self/maps here to count mappings in; run on Linux")
	}
	must(t, err)
	return strings.Count(string(maps), ".ckpt.data-")
}

func TestCloseUnmapsTheCheckpoint(t *testing.T) {
	before := mappings(t)
	for range 3 {
		c, err := Open(context.Background(), trained(t), tfgraph.Options{})
		must(t, err)
		if got := mappings(t); got != before+1 {
			t.Errorf("open: got %d mappings, want %d", got, before+1)
		}
		must(t, c.Close())
		if got := mappings(t); got != before {
			t.Errorf("closed: got %d mappings, want %d", got, before)
		}
	}
}

// A run that is under way when the model is closed ends as it should, and only
// the next one fails.
func TestCloseWaitsForRuns(t *testing.T) {
	c, err := Open(context.Background(), trained(t), tfgraph.Options{})
	must(t, err)
	var running sync.WaitGroup
	begun := make(chan struct{}, 4)
	for range cap(begun) {
		running.Go(func() {
			images, err := tfgraph.Allocate(tf.Float, 2, int64(tiny.Size), int64(tiny.Size), 3)
			if err != nil {
				t.Error(err)
				return
			}
			defer images.Close()
			clear(tfgraph.Data[float32](images))
			for range 1000 {
				out, err := c.head.run(context.Background(), c.session, tfgraph.Feeds{c.head.Images: images}, c.head.Probabilities)
				select {
				case begun <- struct{}{}:
				default:
				}
				if errors.Is(err, tfgraph.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("got %v, want %v", err, tfgraph.ErrClosed)
					return
				}
				tfgraph.CloseAll(out)
			}
		})
	}
	<-begun
	must(t, c.Close())
	running.Wait()
}
