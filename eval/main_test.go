package eval

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/wamuir/graft/tensorflow/op"
	"go.uber.org/goleak"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/tfgraph"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if runDir.path != "" {
			os.RemoveAll(runDir.path)
		}
		os.Exit(code)
	}))
}

var classes = []string{"cat", "dog"}

// tiny is a network of every layer, none of them large.
var tiny = alexnet.Config{Classes: 2, Size: 67, Widths: alexnet.Widths{Conv: [5]int{8, 8, 8, 8, 8}, FC: [2]int{16, 16}}}

var runDir struct {
	once sync.Once
	path string
	err  error
}

// trained is a run directory with two checkpoints of an untrained tiny network;
// the first epoch's is the better one. All tests share it.
func trained(t testing.TB) string {
	t.Helper()
	runDir.once.Do(func() {
		if runDir.path, runDir.err = os.MkdirTemp("", "run"); runDir.err == nil {
			runDir.err = writeRun(runDir.path)
		}
	})
	must(t, runDir.err)
	return runDir.path
}

func writeRun(dir string) error {
	root := op.NewScope()
	net := alexnet.Build(root, tiny)
	plan, err := alexnet.NewPlan(tiny, nil, alexnet.Choice{Train: alexnet.LayerNames})
	if err != nil {
		return err
	}
	start := plan.Start(root, net, 1)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer session.Close()
	ctx := context.Background()
	if err := start(ctx, session); err != nil {
		return err
	}
	for epoch := 1; epoch <= 2; epoch++ {
		m := checkpoint.Meta{
			Name: checkpoint.Name(epoch, 0, int64(epoch)), Step: int64(epoch), Epoch: epoch, Network: tiny,
			Contract: alexnet.NewContract(tiny.Size, alexnet.Squash, true, classes),
			Metrics:  &checkpoint.Metrics{Accuracy: 1 / float64(epoch), Loss: 1, Count: 2},
		}
		if err := (checkpoint.Dir(filepath.Join(dir, "checkpoints"))).Save(ctx, session, saver, m, 0); err != nil {
			return err
		}
	}
	return nil
}

// opened is the model of trained; it ends with the test.
func opened(t testing.TB) *Classifier {
	t.Helper()
	c, err := Open(context.Background(), trained(t), tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// photographs are n pictures that all differ, in a folder of their own, their
// labels by turns 0 and 1.
func photographs(t testing.TB, n int) []input.Example {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 80, 60))
		for p := range 80 * 60 {
			img.Set(p%80, p/80, color.RGBA{uint8(40 * i), uint8(p * (i + 1) / 7), uint8(p%80 + 20*i), 255})
		}
		var buf bytes.Buffer
		must(t, jpeg.Encode(&buf, img, nil))
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)))
		must(t, os.WriteFile(paths[i], buf.Bytes(), 0o644))
	}
	examples, problems := input.Examples(paths, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i := range examples {
		examples[i].Label = i % 2
	}
	return examples
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
