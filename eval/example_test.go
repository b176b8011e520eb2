package eval_test

import (
	"context"
	"fmt"
	"log"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/tfgraph"
)

// The head stands here on logits that are fed, in the place of a network.
func ExampleEvaluate() {
	root := op.NewScope()
	logits := tfgraph.Placeholder(root, "logits", tf.Float, tf.MakeShape(-1, 2))
	head := eval.NewHead(root, logits, logits, 2)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		log.Fatal(err)
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	batches := func(yield func(input.Batch[*tfgraph.Tensor], error) bool) {
		t, err := tfgraph.Of([]float32{2, 0, 0, 2, 3, 1}, 3, 2)
		yield(input.Batch[*tfgraph.Tensor]{Images: t, Labels: []int32{0, 1, 1}}, err)
	}
	report, err := eval.Evaluate(context.Background(), session, head, batches, []string{"cat", "dog"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f %% of %d images, loss %.3f\n", 100*report.Accuracy, report.Count, report.Loss)
	fmt.Println("cats taken for cats and dogs:", report.Confusion[0])
	fmt.Println("dogs taken for cats and dogs:", report.Confusion[1])
	// Output:
	// 67 % of 3 images, loss 0.794
	// cats taken for cats and dogs: [1 0]
	// dogs taken for cats and dogs: [1 1]
}
