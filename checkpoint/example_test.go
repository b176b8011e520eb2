package checkpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/checkpoint"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// A run saves its variables after each epoch and keeps the newest two.
func Example() {
	folder, err := os.MkdirTemp("", "checkpoints")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	root := op.NewScope()
	biases := ops.NewVariable(root, "fc8/biases", 2)
	start := ops.Zeros(root, biases)
	saver := checkpoint.NewSaver(root, []ops.Variable{biases})
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
	if _, err := session.Run(ctx, nil, nil, start); err != nil {
		log.Fatal(err)
	}

	dir := checkpoint.Dir(folder)
	for epoch := 1; epoch <= 3; epoch++ {
		step := int64(100 * epoch)
		m := checkpoint.Meta{
			Name: checkpoint.Name(epoch, 0, step), Epoch: epoch, Step: step,
			Model: json.RawMessage(`{"network":"tiny"}`),
		}
		if err := dir.Save(ctx, session, saver, m, 2); err != nil {
			log.Fatal(err)
		}
	}
	all, err := dir.List()
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range all {
		fmt.Println(m.Name, "at step", m.Step)
	}
	// Output:
	// model_epoch2.ckpt at step 200
	// model_epoch3.ckpt at step 300
}
