package ops

import (
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
)

// Accumulator adds up the gradients that the parts of a batch give. Its
// variables are no state: they take memory from the first Set on, and nothing
// that was in them before a Set counts.
type Accumulator struct {
	Start *tf.Operation // takes the first part's gradients
	Add   *tf.Operation // adds another part's
	Sums  []Variable    // of the gradients, in their order
}

// NewAccumulator adds the sums of the gradients by vars.
func NewAccumulator(root *op.Scope, vars []Variable, grads []tf.Output) Accumulator {
	var a Accumulator
	s := root.SubScope("accumulate")
	set, add := make([]*tf.Operation, len(vars)), make([]*tf.Operation, len(vars))
	for i, v := range vars {
		sum := NewVariable(root, v.Name+"/gradient_sum", v.Shape...)
		of := s.SubScope(v.Name)
		set[i] = op.AssignVariableOp(of, sum.Handle, grads[i])
		add[i] = op.AssignAddVariableOp(of, sum.Handle, grads[i])
		a.Sums = append(a.Sums, sum)
	}
	if root.Err() == nil {
		a.Start = op.NoOp(s.SubScope("set").WithControlDependencies(set...))
		a.Add = op.NoOp(s.SubScope("add").WithControlDependencies(add...))
	}
	return a
}
