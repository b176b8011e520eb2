package train

import (
	"context"
	"encoding/json"
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

// Job introduces a network, its images and its initial values to the loop.
type Job struct {
	Dir     string // the run directory
	Network Network
	Data    Dataset
	Meta    checkpoint.Meta // what every checkpoint of the run says of itself
	Session tfgraph.Options

	// Exactly one door into the run: Start gives every variable its first
	// value, Resume names the checkpoint to resume from.
	Start  func(ctx context.Context, session *tfgraph.Session) error
	Resume *checkpoint.Meta

	// Settle decides, before the first step, about the images that cannot be
	// decoded: an error ends the run, and without one they are left out. It returns
	// what Meta.Config is to be. Nil puts up with none.
	Settle func([]input.Excluded) (json.RawMessage, error)

	// LeaveOut are images that are left out though they may well be decoded.
	LeaveOut []input.Excluded

	// EventSize is how many bytes an event file grows to before the next is begun;
	// 64 MiB.
	EventSize int64

	Cache    Cache
	Progress Progress

	// Observe gives, as a validation begins, who is to be shown what it makes of
	// each image. Show adds to the run's event file once it has ended: the
	// validation before the first step, which is of epoch 0, and that of each
	// epoch, before its checkpoint. An error ends the run. With Show the time of
	// each operation of the second step is taken. Both may be nil.
	Observe func() eval.Observer
	Show    func(ctx context.Context, v View) error
}

func (j Job) validate() error {
	switch {
	case (j.Start == nil) == (j.Resume == nil):
		return errors.New("got none or both of Start and Resume, want one")
	case len(j.Network.Trainable) == 0:
		return errors.New("got no variable to train, want at least one")
	case j.Data.Train == nil || len(j.Data.Train.Examples) == 0:
		return fmt.Errorf("%w to train on", input.ErrNoImages)
	}
	return nil
}

// Network is a forward pass in a graph that is still open for the backward one.
type Network struct {
	Root      *op.Scope
	Head      eval.Head
	Variables []ops.Variable // all of them: what a checkpoint holds
	Trainable []ops.Variable // those that a step changes
	Tape      *ops.Tape
	Boundary  tf.Output // what the first trained layer reads; zero where no layer below it is frozen
	DropRate  tf.Output // zero where nothing is dropped
	DropSeed  tf.Output

	// FeatureKey identifies what the output at Boundary depends on besides images and weights.
	FeatureKey []byte
}

// Data are the images, decoded by the same contract for both uses. Val may be
// nil.
type Dataset struct {
	Train       *input.Loader[*tfgraph.Tensor]
	Val         *input.Loader[*tfgraph.Tensor]
	Classes     []string
	Denormalize func(input []float32) image.Image // shows an input to people
}

// Progress is told how the run goes; nil functions are not called.
type Progress struct {
	OnNote  func(string) // something that a user may want to know
	OnCache func(CacheProgress)
	OnStep  func(StepResult)
	OnEpoch func(EpochResult)
}

// Fill is how many images' features are computed, of those that were not kept
// yet. Training and validation images are counted apart, each from Done 0.
type CacheProgress struct{ Done, Of int }

// Step is one step done.
type StepResult struct {
	Epoch, Epochs   int // the running one, from 1, and how many there are
	Done, Of        int // images of the epoch
	Step            int64
	Loss            float64 // of this batch, dropout on
	Accuracy        float64 // of this batch, dropout on
	ImagesPerSecond float64 // images a second since the epoch began
}

// Epoch is one epoch done, or with Epoch 0 the state before the first.
type EpochResult struct {
	Epoch, Epochs   int
	Step            int64
	Loss            float64 // mean over the epoch's batches, dropout on
	Accuracy        float64 // the same
	Validation      *eval.Report
	ImagesPerSecond float64 // images a second, validation not counted
	Seconds         float64 // the epoch's training
	Checkpoint      string  // prefix of the checkpoint, "" for epoch 0
}
