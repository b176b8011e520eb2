package train

import (
	"context"
	"errors"
	"fmt"
	"image"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Job introduces a network, a dataset and initial values to the loop.
type Job struct {
	Dir     string // the run directory
	Network Network
	Data    Dataset
	Meta    checkpoint.Meta // describes the model in every checkpoint of the run
	Session tfgraph.Options

	// Exactly one of Start, which gives every variable its initial value, and Resume, the checkpoint to resume from.
	Start  func(ctx context.Context, session *tfgraph.Session) error
	Resume *checkpoint.Meta

	Exclude   []input.Excluded // images that are not used, whether they can be decoded or not
	Cache     Cache
	EventSize int64    // bytes that an event file grows to before the next is begun; 64 MiB
	Trace     bool     // write the time of each operation of the second step to the event file
	Observer  Observer // nil: nobody
}

func (j Job) validate() error {
	switch {
	case (j.Start == nil) == (j.Resume == nil):
		return errors.New("got both or neither of Start and Resume, want exactly one")
	case len(j.Network.Trainable) == 0:
		return errors.New("got no variable to train, want at least one")
	case j.Data.Train == nil || len(j.Data.Train.Examples) == 0:
		return fmt.Errorf("%w to train on", input.ErrNoImages)
	}
	return nil
}

// Network is a forward pass in a graph that is still open for the backward one.
type Network struct {
	Root        *op.Scope
	Head        eval.Head
	Variables   []ops.Variable // all of them: what a checkpoint holds
	Trainable   []ops.Variable // those that a step updates
	Tape        *ops.Tape
	Boundary    tf.Output // features: the input of the first trainable layer; zero where no layer below it is frozen
	DropoutRate tf.Output // zero without dropout
	DropoutSeed tf.Output

	// FeatureKey identifies what the output at Boundary depends on besides images and weights.
	FeatureKey []byte
}

// Dataset are the images, decoded by the same preprocessing for both splits. Val may
// be nil. Train's Batch is not used: the Config has one.
type Dataset struct {
	Train       *input.Loader[*tfgraph.Tensor]
	Val         *input.Loader[*tfgraph.Tensor]
	Classes     []string
	Denormalize func(input []float32) image.Image // for display; may be nil
}
