package train

import (
	"context"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/eval"
	"alexnet/summaries"
	"alexnet/tfgraph"
)

// View is what Job.Show may look at, and add to, between two steps.
type View struct {
	EpochResult
	Events  *summaries.Writer // that of the moment: the run may go on in another file
	Session *tfgraph.Session  // with the present values of all variables

	// Batches are of validation images by their places among all Count. Fed to
	// Feed, they stand for the images, or for what frozen layers make of them
	// where that is kept.
	Batches func(ctx context.Context, places []int) eval.Batches
	Count   int
	Feed    tf.Output
}

// observers look at each image of a validation that begins.
func (r *run) observers() []eval.Observer {
	if r.job.Observe == nil {
		return nil
	}
	return []eval.Observer{r.job.Observe()}
}

// show is not interrupted: what it shows belongs to a position that is yet to be
// saved.
func (r *run) showEpoch(ctx context.Context, e EpochResult) error {
	if r.job.Show == nil {
		return nil
	}
	v := View{EpochResult: e, Events: r.events, Session: r.session, Count: r.val.count, Feed: r.val.feed}
	v.Batches = func(ctx context.Context, places []int) eval.Batches { return r.val.batches(ctx, places, 0) }
	if err := r.job.Show(context.WithoutCancel(ctx), v); err != nil {
		return fmt.Errorf("show epoch %d: %w", e.Epoch, err)
	}
	return nil
}

// runner is a session, or one that is watched.
type runner interface {
	Run(ctx context.Context, feeds tfgraph.Feeds, fetches []tf.Output, targets ...*tf.Operation) ([]*tfgraph.Tensor, error)
}

// timed is the step of which the time of each operation is taken. In the first
// one, kernels are still being prepared.
const tracedStep = 2

func (r *run) runner(p microBatch) runner {
	if r.job.Show == nil || r.at.Step+1 != tracedStep || p.offset > 0 {
		return r.session
	}
	return tracer{r.session, r.events}
}

// tracer writes what each operation took.
type tracer struct {
	session *tfgraph.Session
	events  *summaries.Writer
}

func (t tracer) Run(ctx context.Context, feeds tfgraph.Feeds, fetches []tf.Output, targets ...*tf.Operation) ([]*tfgraph.Tensor, error) {
	out, metadata, err := t.session.Trace(ctx, feeds, fetches, targets...)
	if err == nil {
		err = t.events.RunMetadata(tracedStep, fmt.Sprintf("update %d", tracedStep), metadata)
	}
	if err != nil {
		tfgraph.CloseAll(out)
		return nil, err
	}
	return out, nil
}
