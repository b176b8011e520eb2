package ops

import (
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Optimizer names an optimizer. Adam's constants are TensorFlow's defaults; momentum is 0.9.
type Optimizer string

// The optimizers: w -= lr*g; a = 0.9a+g, w -= lr*a; and Adam (Kingma & Ba 2015, beta 0.9 and 0.999, epsilon 1e-8).
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

// slotNames are TensorFlow's own.
var slotNames = map[Optimizer][]string{Momentum: {"Momentum"}, Adam: {"Adam", "Adam_1"}}

// SlotCount is the number of state variables per trainable variable.
func SlotCount(optimizer Optimizer) int { return len(slotNames[optimizer]) }

// Update is one optimizer step: a node that updates every trainable variable once.
type Update struct {
	Op           *tf.Operation
	LearningRate tf.Output  // float32 scalar, fed
	Step         tf.Output  // int64 scalar, fed: steps before this one (Adam's bias correction)
	Slots        []Variable // optimizer state, initially zero

	vars  []Variable
	apply applyFunc
}

// NewUpdate adds one update of vars by their grads. No variable changes before every gradient is computed, so a step is
// a function of the values before it, and each kernel may write in place. The update also depends on after, such as
// [FiniteCheck.Pass].
func NewUpdate(root *op.Scope, optimizer Optimizer, vars []Variable, grads []tf.Output, after ...*tf.Operation) Update {
	s := root.SubScope("update")
	u := Update{
		LearningRate: tfgraph.Placeholder(s, "learning_rate", tf.Float, tf.ScalarShape()),
		Step:         tfgraph.Placeholder(s, "step", tf.Int64, tf.ScalarShape()),
		vars:         vars,
	}
	for _, v := range vars {
		for _, name := range slotNames[optimizer] {
			u.Slots = append(u.Slots, NewVariable(root, v.Name+"/"+name, v.Shape...))
		}
	}
	if u.apply = u.applier(s, optimizer); u.apply == nil {
		fail(root, "NewUpdate", "choose optimizer %q: want gd, momentum or adam", optimizer)
		return u
	}
	u.Op = u.WithGradients(s, grads, after...)
	return u
}

// WithGradients adds a node for the same update by other gradients, such as the
// sums of an [Accumulator], in the order of the original ones.
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
	return op.NoOp(s.SubScope("all").WithControlDependencies(done...))
}

type applyFunc func(s *op.Scope, v Variable, slots []Variable, grad tf.Output) *tf.Operation

// applier returns nil for an unknown optimizer.
func (u Update) applier(s *op.Scope, optimizer Optimizer) applyFunc {
	switch optimizer {
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

// Accumulator sums the gradients of the micro-batches of a batch. The sums are not part of the saved state: they occupy
// memory only from the first Start on, and Start overwrites earlier values.
type Accumulator struct {
	Start *tf.Operation // sets the sums to the first micro-batch's gradients
	Add   *tf.Operation // adds another micro-batch's
	Sums  []Variable    // in the order of the gradients
}

// NewAccumulator adds the sums of grads, the gradients of vars.
func NewAccumulator(root *op.Scope, vars []Variable, grads []tf.Output) Accumulator {
	var a Accumulator
	s := root.SubScope("accumulate")
	set, add := make([]*tf.Operation, len(vars)), make([]*tf.Operation, len(vars))
	for i, v := range vars {
		sum := NewVariable(root, v.Name+"/gradient_sum", v.Shape...)
		own := s.SubScope(v.Name)
		set[i] = op.AssignVariableOp(own, sum.Handle, grads[i])
		add[i] = op.AssignAddVariableOp(own, sum.Handle, grads[i])
		a.Sums = append(a.Sums, sum)
	}
	a.Start = op.NoOp(s.SubScope("set").WithControlDependencies(set...))
	a.Add = op.NoOp(s.SubScope("add").WithControlDependencies(add...))
	return a
}
