package ops

import (
	"slices"

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

	vars  []Variable
	apply applyFunc
}

// NewUpdate adds one update of vars by their grads. No variable changes before
// every gradient is known, so a step is one function of the values it began
// with, and each kernel may write in place. It waits for after, such as a
// Guard's Pass.
func NewUpdate(root *op.Scope, rule Optimizer, vars []Variable, grads []tf.Output, after ...*tf.Operation) Update {
	s := root.SubScope("update")
	u := Update{
		LearningRate: tfgraph.Placeholder(s, "learning_rate", tf.Float, tf.ScalarShape()),
		Step:         tfgraph.Placeholder(s, "step", tf.Int64, tf.ScalarShape()),
		vars:         vars,
	}
	if root.Err() != nil {
		return u
	}
	for _, v := range vars {
		for _, name := range slotNames[rule] {
			u.Slots = append(u.Slots, NewVariable(root, v.Name+"/"+name, v.Shape...))
		}
	}
	if u.apply = u.applier(s, rule); u.apply == nil {
		fail(root, "NewUpdate", "choose optimizer %q: want gd, momentum or adam", rule)
		return u
	}
	u.Op = u.WithGradients(s, grads, after...)
	return u
}

// By adds a node that does the same update by other gradients, such as the sums
// of an Accumulator, in the order of the first.
func (u Update) WithGradients(s *op.Scope, grads []tf.Output, after ...*tf.Operation) *tf.Operation {
	if s.Err() != nil {
		return nil
	}
	ready := slices.Clone(after)
	for _, g := range grads {
		ready = append(ready, g.Op)
	}
	done := make([]*tf.Operation, len(u.vars))
	slots := len(u.Slots) / max(len(u.vars), 1)
	for i, v := range u.vars {
		own := u.Slots[i*slots : (i+1)*slots]
		done[i] = u.apply(s.SubScope(v.Name).WithControlDependencies(ready...), v, own, grads[i])
	}
	if s.Err() != nil {
		return nil
	}
	return op.NoOp(s.SubScope("all").WithControlDependencies(done...))
}

// slotNames are those of TensorFlow's optimisers.
var slotNames = map[Optimizer][]string{Momentum: {"Momentum"}, Adam: {"Adam", "Adam_1"}}

// Slots is how many variables of state the rule keeps for each trained one.
func SlotCount(rule Optimizer) int { return len(slotNames[rule]) }

type applyFunc func(s *op.Scope, v Variable, slots []Variable, grad tf.Output) *tf.Operation

// applier is the rule, nil for one that is not known.
func (u Update) applier(s *op.Scope, rule Optimizer) applyFunc {
	switch rule {
	case GradientDescent:
		return func(s *op.Scope, v Variable, _ []Variable, grad tf.Output) *tf.Operation {
			return op.ResourceApplyGradientDescent(s, v.Handle, u.LearningRate, grad)
		}
	case Momentum:
		m := tfgraph.Const(s, "momentum", momentum)
		return func(s *op.Scope, v Variable, slots []Variable, grad tf.Output) *tf.Operation {
			return op.ResourceApplyMomentum(s, v.Handle, slots[0].Handle, u.LearningRate, grad, m)
		}
	case Adam:
		beta1, beta2 := tfgraph.Const(s, "beta1", adamBeta1), tfgraph.Const(s, "beta2", adamBeta2)
		eps := tfgraph.Const(s, "epsilon", adamEps)
		next := op.Cast(s, op.AddV2(s.SubScope("next"), u.Step, tfgraph.Const(s, "one", int64(1))), tf.Float)
		power1, power2 := op.Pow(s.SubScope("power1"), beta1, next), op.Pow(s.SubScope("power2"), beta2, next)
		return func(s *op.Scope, v Variable, slots []Variable, grad tf.Output) *tf.Operation {
			return op.ResourceApplyAdam(s, v.Handle, slots[0].Handle, slots[1].Handle,
				power1, power2, u.LearningRate, beta1, beta2, eps, grad)
		}
	}
	return nil
}
