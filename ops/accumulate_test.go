package ops_test

import (
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// Updates by accumulated gradients start from fresh sums and share the optimizer
// state with updates by a single gradient.
func TestUpdateWithAccumulatedGradients(t *testing.T) {
	for name, apply := range optimizers {
		t.Run(string(name), func(t *testing.T) {
			root := op.NewScope()
			w := newFedVariable(root, "fc8/biases", random(1, 3))
			grad := tfgraph.Placeholder(root, "gradient", tf.Float, tf.MakeShape(3))
			vars, grads := []ops.Variable{w.Variable}, []tf.Output{grad}
			u := ops.NewUpdate(root, name, vars, grads)
			sums := ops.NewAccumulator(root, vars, grads)
			by := u.WithGradients(root.SubScope("by_sums"), []tf.Output{sums.Sums[0].Value})
			var zero []*tf.Operation
			for _, slot := range u.Slots {
				zero = append(zero, ops.Zeros(root, slot))
			}
			session := openWith(t, root, w)
			if len(zero) > 0 {
				run[float32](t, session, nil, nil, zero...)
			}
			const learningRate = .1
			update := func(step int, op *tf.Operation, with tfgraph.Feeds) {
				feeds := tfgraph.Feeds{u.LearningRate: tensor(t, []float32{learningRate}), u.Step: tensor(t, []int64{int64(step)})}
				for k, v := range with {
					feeds[k] = v
				}
				run[float32](t, session, feeds, nil, op)
			}
			fed := func(g array) tfgraph.Feeds { return tfgraph.Feeds{grad: tensor(t, g.float32s(), 3)} }

			want := append([]float64{}, w.start.values...)
			a, b := make([]float64, 3), make([]float64, 3)
			for step, parts := range [][]array{{random(2, 3), random(3, 3), random(4, 3)}, {random(5, 3)}, {random(6, 3), random(7, 3)}} {
				total := zeros(3)
				for k, part := range parts {
					for i, g := range part.values {
						total.values[i] += g
					}
					switch {
					case len(parts) == 1:
						update(step, u.Op, fed(part))
					case k == 0:
						run[float32](t, session, fed(part), nil, sums.Start)
					default:
						run[float32](t, session, fed(part), nil, sums.Add)
					}
				}
				if len(parts) > 1 {
					near(t, "sum", run[float32](t, session, nil, []tf.Output{sums.Sums[0].Value})[0], total.values, 1e-6)
					update(step, by, nil)
				}
				for i, g := range total.values {
					apply(&want[i], &a[i], &b[i], g, float64(float32(learningRate)), step)
				}
				near(t, "weights", run[float32](t, session, nil, []tf.Output{w.Value})[0], want, 2e-6)
			}
		})
	}
}
