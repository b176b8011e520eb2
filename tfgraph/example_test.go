package tfgraph_test

import (
	"context"
	"fmt"
	"log"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

func Example() {
	s := op.NewScope()
	x := tfgraph.Placeholder(s, "x", tf.Float, tf.MakeShape(-1))
	y := op.Mul(s, x, tfgraph.Const(s, "two", float32(2)))
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		log.Fatal(err)
	}

	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	in, err := tfgraph.Of([]float32{1, 2, 3}, 3)
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	out, err := session.Run(context.Background(), tfgraph.Feeds{x: in}, []tf.Output{y})
	if err != nil {
		log.Fatal(err)
	}
	defer tfgraph.CloseAll(out)
	fmt.Println(tfgraph.Data[float32](out[0]))
	// Output: [2 4 6]
}
