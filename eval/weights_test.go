package eval

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/testmodel"
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

// A model goes on with what it read, also when its checkpoint is made shorter.
func TestFilesMadeShorter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	must(t, testmodel.Write(dir, "cat", "dog"))
	c, err := Open(context.Background(), dir, tfgraph.Options{})
	must(t, err)
	defer c.Close()
	images, err := tfgraph.Allocate(tf.Float, 1, 67, 67, 3)
	must(t, err)
	defer images.Close()
	clear(tfgraph.Data[float32](images))
	files, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	must(t, err)
	for _, path := range files {
		must(t, os.Truncate(path, 0))
	}
	out, err := c.head.run(context.Background(), c.session, tfgraph.Feeds{c.head.Images: images}, c.head.Probabilities)
	must(t, err)
	tfgraph.CloseAll(out)
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
