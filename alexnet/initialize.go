package alexnet

import (
	"context"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/internal/weights"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Initializer adds to root the nodes that initialize the network's variables as planned, and returns a function that
// runs them in a session. Values from scratch are a pure function of seed and the variable's name.
func (p Plan) Initializer(root *op.Scope, net *Network, seed uint64) func(context.Context, *tfgraph.Session) error {
	var fromFile []fedVariable
	var scratch []*tf.Operation
	for i, l := range p {
		if 2*i+1 >= len(net.Variables) {
			break // the scope failed
		}
		weights, biases := net.Variables[2*i], net.Variables[2*i+1]
		if l.file == nil {
			scratch = append(scratch, ops.GlorotNormal(root, weights, int64(seed)), ops.Zeros(root, biases))
			continue
		}
		fromFile = append(fromFile, newFedVariable(root, weights, l.file.weights), newFedVariable(root, biases, l.file.biases))
	}
	return func(ctx context.Context, session *tfgraph.Session) error {
		for _, f := range fromFile {
			if err := f.run(ctx, session); err != nil {
				return fmt.Errorf("initialize %s: %w", f.variable.Name, err)
			}
		}
		if len(scratch) == 0 {
			return nil
		}
		if _, err := session.Run(ctx, nil, nil, scratch...); err != nil {
			return fmt.Errorf("initialize layers from scratch: %w", err)
		}
		return nil
	}
}

// fedVariable is a variable initialized from an array of a file.
type fedVariable struct {
	variable ops.Variable
	array    *weights.Array
	value    tf.Output
	assign   *tf.Operation
}

func newFedVariable(root *op.Scope, v ops.Variable, a *weights.Array) fedVariable {
	value, assign := ops.AssignFed(root, v)
	return fedVariable{v, a, value, assign}
}

func (f fedVariable) run(ctx context.Context, session *tfgraph.Session) error {
	t, err := tfgraph.Of(f.array.Data, f.variable.Shape...)
	if err != nil {
		return err
	}
	defer t.Close()
	_, err = session.Run(ctx, tfgraph.Feeds{f.value: t}, nil, f.assign)
	return err
}
