package ops_test

import (
	"context"
	"fmt"
	"log"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// One step of gradient descent on the mean of x*w.
func Example() {
	root := op.NewScope()
	w := ops.NewVariable(root, "w", 2)
	initialize := ops.Assign(root, w, tfgraph.Const(root, "initial", []float32{1, 1}))

	var tape ops.Tape
	tape.Use(w)
	loss := op.Mean(root, op.Mul(root, w.Value, tfgraph.Const(root, "x", []float32{2, 4})), tfgraph.Const(root, "axis", []int32{0}))
	grads := ops.Gradients(root, loss, []ops.Variable{w}, &tape)
	update := ops.NewUpdate(root, ops.GradientDescent, []ops.Variable{w}, grads)

	def, err := tfgraph.GraphDef(root)
	if err != nil {
		log.Fatal(err)
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	ctx := context.Background()
	learningRate, err := tfgraph.Scalar(float32(.5))
	if err != nil {
		log.Fatal(err)
	}
	defer learningRate.Close()
	if _, err := session.Run(ctx, nil, nil, initialize); err != nil {
		log.Fatal(err)
	}
	if _, err := session.Run(ctx, tfgraph.Feeds{update.LearningRate: learningRate}, nil, update.Op); err != nil {
		log.Fatal(err)
	}
	out, err := session.Run(ctx, nil, []tf.Output{w.Value})
	if err != nil {
		log.Fatal(err)
	}
	defer tfgraph.CloseAll(out)
	fmt.Println(tfgraph.Data[float32](out[0]))
	// Output: [0.5 0]
}
