package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Optimizer names an update rule; its constants are TensorFlow's own defaults.
type Optimizer string

// The update rules: w -= lr*g; a = 0.9a+g, w -= lr*a; and Adam (Kingma & Ba
// 2015, beta 0.9 and 0.999, epsilon 1e-8).
const (
	GradientDescent Optimizer = "gd"
	Momentum        Optimizer = "momentum"
	Adam            Optimizer = "adam"
)

const (
	momentum  = float32(0.9)
	adamBeta1 = float32(0.9)
	adamBeta2 = float32(0.999)
	adamEps   = float32(1e-8)
)

// Update is the training half of a graph: one node that updates every trained
// variable once.
type Update struct {
	Op           *tf.Operation
	LearningRate tf.Output  // float32 scalar, fed
	Step         tf.Output  // int64 scalar, fed: updates done before this one (Adam's bias correction)
	Slots        []Variable // the optimiser's own state, all zero at the start
}

// NewUpdate adds one update of vars by their grads. No variable changes before
// every gradient is known, so a step is one function of the values it began
// with, and each kernel may write in place.
func NewUpdate(root *op.Scope, rule Optimizer, vars []Variable, grads []tf.Output) Update {
	s := root.SubScope("update")
	u := Update{
		LearningRate: tfgraph.Placeholder(s, "learning_rate", tf.Float, tf.ScalarShape()),
		Step:         tfgraph.Placeholder(s, "step", tf.Int64, tf.ScalarShape()),
	}
	if root.Err() != nil {
		return u
	}
	ready := make([]*tf.Operation, len(grads))
	for i, g := range grads {
		ready[i] = g.Op
	}
	apply := applier(root, s, rule, &u)
	done := make([]*tf.Operation, len(vars))
	for i, v := range vars {
		done[i] = apply(s.SubScope(v.Name).WithControlDependencies(ready...), v, grads[i])
	}
	if root.Err() == nil {
		u.Op = op.NoOp(s.SubScope("all").WithControlDependencies(done...))
	}
	return u
}

type applyFunc func(s *op.Scope, v Variable, grad tf.Output) *tf.Operation

func applier(root, s *op.Scope, rule Optimizer, u *Update) applyFunc {
	slot := func(v Variable, name string) tf.Output {
		w := NewVariable(root, v.Name+"/"+name, v.Shape...)
		u.Slots = append(u.Slots, w)
		return w.Handle
	}
	switch rule {
	case GradientDescent:
		return func(s *op.Scope, v Variable, grad tf.Output) *tf.Operation {
			return op.ResourceApplyGradientDescent(s, v.Handle, u.LearningRate, grad)
		}
	case Momentum:
		m := tfgraph.Const(s, "momentum", momentum)
		return func(s *op.Scope, v Variable, grad tf.Output) *tf.Operation {
			return op.ResourceApplyMomentum(s, v.Handle, slot(v, "Momentum"), u.LearningRate, grad, m)
		}
	case Adam:
		beta1, beta2 := tfgraph.Const(s, "beta1", adamBeta1), tfgraph.Const(s, "beta2", adamBeta2)
		eps := tfgraph.Const(s, "epsilon", adamEps)
		next := op.Cast(s, op.AddV2(s.SubScope("next"), u.Step, tfgraph.Const(s, "one", int64(1))), tf.Float)
		power1, power2 := op.Pow(s.SubScope("power1"), beta1, next), op.Pow(s.SubScope("power2"), beta2, next)
		return func(s *op.Scope, v Variable, grad tf.Output) *tf.Operation {
			return op.ResourceApplyAdam(s, v.Handle, slot(v, "Adam"), slot(v, "Adam_1"),
				power1, power2, u.LearningRate, beta1, beta2, eps, grad)
		}
	}
	fail(root, "NewUpdate", "choose optimizer %q: want gd, momentum or adam", rule)
	return func(*op.Scope, Variable, tf.Output) *tf.Operation { return nil }
}
