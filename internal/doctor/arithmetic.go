package doctor

import (
	"context"
	"fmt"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// multiply checks a matrix product of TensorFlow, whose elements float32 holds exactly.
func multiply(ctx context.Context) error {
	const n = 256
	a, b := make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7-3), float32(i%5-2)
	}
	got, err := product(ctx, a, b, n)
	if err != nil {
		return err
	}
	for i := range n {
		for j := range n {
			want := float32(0)
			for k := range n {
				want += a[i*n+k] * b[k*n+j]
			}
			if got[i*n+j] != want {
				return fmt.Errorf("multiply matrices: got %g in row %d, column %d, want %g", got[i*n+j], i, j, want)
			}
		}
	}
	return nil
}

// product multiplies n x n matrices with TensorFlow.
func product(ctx context.Context, a, b []float32, n int64) ([]float32, error) {
	s, feeds := op.NewScope(), tfgraph.Feeds{}
	var inputs []tf.Output
	for _, values := range [][]float32{a, b} {
		t, err := tfgraph.Of(values, n, n)
		if err != nil {
			return nil, err
		}
		defer t.Close()
		inputs = append(inputs, tfgraph.Placeholder(s, fmt.Sprint("matrix", len(inputs)), tf.Float, tf.MakeShape(n, n)))
		feeds[inputs[len(inputs)-1]] = t
	}
	fetch := op.MatMul(s, inputs[0], inputs[1])
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		return nil, err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	defer session.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := session.Run(ctx, feeds, []tf.Output{fetch})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	return append([]float32(nil), tfgraph.Data[float32](out[0])...), nil
}
