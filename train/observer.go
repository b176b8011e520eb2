package train

import (
	"context"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/summaries"
	"alexnet/tfgraph"
)

// Observer hears how a run goes, on the goroutine that trains, which waits for it.
type Observer interface {
	Note(text string)    // a condition that a user may want to know of
	Cache(CacheProgress) // features are computed for the cache
	Step(StepResult)
	Epoch(EpochResult) // after its checkpoint; of epoch 0, before the first step

	// Validation is called as a validation begins; the result, if not nil, sees each image's probabilities.
	Validation() eval.Observer
	// Summaries may add to the event file after a validation, before the epoch's checkpoint. An error ends the run.
	Summaries(ctx context.Context, v View) error
}

// noObserver is an Observer that does nothing.
type noObserver struct{}

func (noObserver) Note(string)                           {}
func (noObserver) Cache(CacheProgress)                   {}
func (noObserver) Step(StepResult)                       {}
func (noObserver) Epoch(EpochResult)                     {}
func (noObserver) Validation() eval.Observer             { return nil }
func (noObserver) Summaries(context.Context, View) error { return nil }

// CacheProgress is how many images' features are computed, of those in groups that the cache lacks. Training and
// validation images are counted apart, each from Done 0.
type CacheProgress struct{ Done, Of int }

// StepResult is one optimizer step.
type StepResult struct {
	Epoch, Epochs   int // the running one, from 1, and how many there are
	Done, Of        int // images of the epoch
	Step            int64
	Loss            float64 // of this batch, with dropout
	Accuracy        float64 // of this batch, with dropout
	ImagesPerSecond float64 // since the epoch began
}

// EpochResult is one epoch, or with Epoch 0 the state before the first.
type EpochResult struct {
	Epoch, Epochs   int
	Step            int64
	Loss            float64 // mean over the epoch's batches, with dropout
	Accuracy        float64 // the same
	Validation      *eval.Report
	ImagesPerSecond float64 // of training, without validation
	Seconds         float64 // the same
	Checkpoint      string  // prefix of the checkpoint, "" for epoch 0
}

// View is what an Observer may read, and add to, between two steps.
type View struct {
	EpochResult
	Events  *summaries.Writer // valid during the call: the run may continue in another file
	Session *tfgraph.Session  // with the present values of all variables

	// Batches are of the Count validation images. They are fed to Feed: as images, or
	// as features where layers are frozen.
	Batches func(ctx context.Context, order []input.Pick) eval.Batches
	Count   int
	Feed    tf.Output
}
