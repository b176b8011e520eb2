package eval

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/input"
	"alexnet/tfgraph"
)

// mirror is a head whose logits are what it is fed, so that every figure can be
// worked out by hand.
func mirror(t testing.TB, outputs int) (Head, *tfgraph.Session) {
	t.Helper()
	root := op.NewScope()
	logits := tfgraph.Placeholder(root, "logits", tf.Float, tf.MakeShape(-1, int64(outputs)))
	head := NewHead(root, logits, logits, outputs)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, session.Close()) })
	return head, session
}

// batches yields images with two logits each in batches of the given sizes, and returns the tensors it has yielded.
func batches(t testing.TB, logits [][2]float32, labels []int32, sizes ...int) (all Batches, images *[]*tfgraph.Tensor) {
	t.Helper()
	images = new([]*tfgraph.Tensor)
	return func(yield func(input.Batch[*tfgraph.Tensor], error) bool) {
		at := 0
		for _, n := range sizes {
			var flat []float32
			for _, l := range logits[at : at+n] {
				flat = append(flat, l[:]...)
			}
			tensor, err := tfgraph.Of(flat, int64(n), 2)
			must(t, err)
			*images = append(*images, tensor)
			if !yield(input.Batch[*tfgraph.Tensor]{Images: tensor, Labels: labels[at : at+n], Start: at}, nil) {
				return
			}
			at += n
		}
	}, images
}

// The losses match the definition, and each image has the same weight whatever the batches.
func TestEvaluateWeighsImages(t *testing.T) {
	head, session := mirror(t, 2)
	logits := [][2]float32{{1, -1}, {0, 3}, {2, 2}, {-4, 1}, {9, 0}}
	labels := []int32{0, 1, 1, 0, 0}
	loss := 0.0
	for i, l := range logits {
		loss += math.Log(math.Exp(float64(l[0]))+math.Exp(float64(l[1]))) - float64(l[labels[i]])
	}
	loss /= 5
	for _, sizes := range [][]int{{5}, {4, 1}, {1, 4}, {2, 2, 1}, {1, 1, 1, 1, 1}} {
		all, images := batches(t, logits, labels, sizes...)
		var observed []int
		r, err := Evaluate(context.Background(), session, head, all, classes, func(label int, probabilities []float32) {
			observed = append(observed, label)
			if l := logits[len(observed)-1]; len(probabilities) != 2 || (probabilities[0] > probabilities[1]) != (l[0] > l[1]) {
				t.Errorf("batches of %v: image %d: observed %v, want those of logits %v", sizes, len(observed)-1, probabilities, l)
			}
		})
		must(t, err)
		if want := []int{0, 1, 1, 0, 0}; !reflect.DeepEqual(observed, want) {
			t.Errorf("batches of %v: observed labels %v, want %v", sizes, observed, want)
		}
		if math.Abs(r.Loss-loss) > 1e-6 || r.Accuracy != .6 || r.Count != 5 {
			t.Errorf("batches of %v: got loss %v, accuracy %v of %d, want %v, 0.6 of 5", sizes, r.Loss, r.Accuracy, r.Count, loss)
		}
		if want := [][]int{{2, 1}, {1, 1}}; !reflect.DeepEqual(r.Confusion, want) {
			t.Errorf("batches of %v: got confusion %v, want %v", sizes, r.Confusion, want)
		}
		for i, p := range *images {
			if tfgraph.Data[float32](p) != nil {
				t.Errorf("batches of %v: batch %d is still open", sizes, i)
			}
		}
	}
}

func TestEvaluateFails(t *testing.T) {
	head, session := mirror(t, 2)
	logits := [][2]float32{{1, 0}, {1, 0}}
	broken := errors.New("damaged image")
	t.Run("a batch that cannot be read", func(t *testing.T) {
		all := func(yield func(input.Batch[*tfgraph.Tensor], error) bool) {
			yield(input.Batch[*tfgraph.Tensor]{}, broken)
		}
		if _, err := Evaluate(context.Background(), session, head, all, classes); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	})
	for name, labels := range map[string][]int32{"no label": {0, -1}, "a label beyond the classes": {2, 0}} {
		t.Run(name, func(t *testing.T) {
			all, images := batches(t, logits, labels, 2)
			_, err := Evaluate(context.Background(), session, head, all, classes)
			if err == nil || !strings.Contains(err.Error(), "label") {
				t.Errorf("got %v, want an error about the label", err)
			}
			if tfgraph.Data[float32]((*images)[0]) != nil {
				t.Error("the batch is still open")
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		all, _ := batches(t, logits, []int32{0, 1}, 1, 1)
		if _, err := Evaluate(ctx, session, head, all, classes); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

func TestNewHeadPassesOnTheScopesError(t *testing.T) {
	root := op.NewScope()
	logits := tfgraph.Placeholder(root, "labels", tf.Float, tf.MakeShape(-1, 2)) // the head's own name
	NewHead(root, logits, logits, 2)
	if _, err := tfgraph.GraphDef(root); err == nil {
		t.Error("got no error, want one for the name that is taken")
	}
}
