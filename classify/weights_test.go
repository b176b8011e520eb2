package classify

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

var tiny = testmodel.Network(2)

// trained is a run directory with a tiny model.
func trained(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	must(t, testmodel.Write(dir, "cat", "dog"))
	return dir
}

// open loads the model of a run; it is closed with the test.
func open(t testing.TB, dir string) *Model {
	t.Helper()
	m, err := Open(t.Context(), dir, Options{})
	must(t, err)
	t.Cleanup(func() { must(t, m.Close()) })
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Weights that are fed give the same probabilities as variables that are restored.
func TestWeightsAgreeWithRestoredVariables(t *testing.T) {
	dir := trained(t)
	m := open(t, dir)
	images := imagesOf(t, noise(3, tiny.Size), tiny.Size)
	ctx := context.Background()
	got, err := m.head.Run(ctx, m.session, tfgraph.Feeds{m.head.Images: images}, m.head.Probabilities)
	must(t, err)
	defer tfgraph.CloseAll(got)

	root := op.NewScope()
	net := alexnet.Build(root, m.Source.Description.Network)
	head := eval.NewHead(root, net.Images, net.Logits, 2)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	defer session.Close()
	must(t, saver.Restore(ctx, session, m.Source.Prefix))
	want, err := session.Run(ctx, tfgraph.Feeds{head.Images: images}, []tf.Output{head.Probabilities})
	must(t, err)
	defer tfgraph.CloseAll(want)
	for i, p := range tfgraph.Data[float32](want[0]) {
		if q := tfgraph.Data[float32](got[0])[i]; math.Abs(float64(p-q)) > 1e-6 {
			t.Errorf("probability %d: got %v, want %v", i, q, p)
		}
	}
}

// A model holds a copy of its weights: truncating the checkpoint does not affect it.
func TestTruncatedFiles(t *testing.T) {
	dir := trained(t)
	m := open(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	must(t, err)
	for _, path := range files {
		must(t, os.Truncate(path, 0))
	}
	_, err = m.Classify(t.Context(), FromBytes(testmodel.JPEG(0)))
	must(t, err)
	must(t, m.CheckFinite())
}

func TestValues(t *testing.T) {
	m := open(t, trained(t))
	values, shape := m.Values("conv1/weights")
	if len(values) != 11*11*3*8 || !reflect.DeepEqual(shape, []int64{11, 11, 3, 8}) {
		t.Errorf("got %d values of shape %v, want 11x11x3x8", len(values), shape)
	}
	if values, shape := m.Values("conv9/weights"); values != nil || shape != nil {
		t.Errorf("got %d values of an unknown layer", len(values))
	}
}

func TestResultRanks(t *testing.T) {
	got := newResult([]string{"a", "b", "c", "d"}, []float32{.125, .375, .125, .375})
	if want := []Ranked{{"b", .375}, {"d", .375}, {"a", .125}, {"c", .125}}; !reflect.DeepEqual(got.Top, want) || got.Class != "b" || got.Probability != .375 {
		t.Errorf("got %v, want %v: equal ones in the order of labels", got, want)
	}
}
