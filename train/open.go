package train

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"alexnet/input"
	"alexnet/summaries"
	"alexnet/tfgraph"
)

// open builds the backward pass, brings the variables to their initial values and
// opens the run directory.
func open(ctx context.Context, cfg Config, job Job) (r *run, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := job.validate(); err != nil {
		return nil, fmt.Errorf("open run %q: %w", job.Dir, err)
	}
	r = &run{cfg: cfg, job: job, dir: directoryOf(job.Dir)}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.graph, err = newGraph(cfg, job.Network); err != nil {
		return r, err
	}
	if r.session, err = tfgraph.Open(r.graph.def, job.Session); err != nil {
		return r, err
	}
	if err := r.restore(ctx); err != nil {
		return r, err
	}
	if err := r.checkFinite(ctx); err != nil {
		return r, err
	}
	if err := r.dir.open(ctx, r.at, r.job.Resume, cfg.Keep); err != nil {
		return r, err
	}
	if epochs, err := History(job.Dir); err == nil && len(epochs) < r.at.Epoch {
		r.note(fmt.Sprintf("metrics.csv has the figures of only %d of the %d epochs done: the other rows were damaged or removed", len(epochs), r.at.Epoch))
	}
	next := r.at.Step + 1
	if r.at.Step == 0 {
		next = 0
	}
	return r, r.openEvents(next)
}

// openEvents begins an event file. What earlier files hold from the step next on
// counts no more, unless that is 0.
func (r *run) openEvents(next int64) (err error) {
	r.events, err = summaries.Create(r.dir.events, summaries.Options{StartStep: next, MaxSize: r.job.EventSize})
	return err
}

// enter goes through the job's door, which once there is one leads to the newest
// checkpoint.
func (r *run) restore(ctx context.Context) error {
	from := r.job.Resume
	if from == nil {
		r.at, r.saved, r.display = position{}, position{}, metricSum{}
		if err := r.graph.zeroSlots(ctx, r.session); err != nil {
			return err
		}
		return r.job.Start(ctx, r.session)
	}
	if err := r.graph.saver.Restore(ctx, r.session, r.dir.checkpoints.Prefix(*from)); err != nil {
		return err
	}
	r.at = position{Epoch: from.Epoch, Index: from.Index, Step: from.Step, Skipped: from.Skipped, Lowered: from.Lowered, sum: metricSumOf(from.Partial)}
	r.saved, r.display = r.at, metricSumOf(from.Display)
	return nil
}

// begin writes what a fresh run shows before its first step: the graph and
// the accuracy that chance or the weights file gives.
func (r *run) start(ctx context.Context) error {
	r.epochStart, r.savedAt = time.Now(), time.Now()
	if err := r.events.Graph(r.graph.def); err != nil {
		return err
	}
	if r.job.Resume != nil {
		return r.events.Flush()
	}
	if err := r.showInputs(ctx); err != nil {
		return err
	}
	report, err := r.validate(ctx)
	if err != nil {
		return err
	}
	e := EpochResult{Epochs: r.cfg.Epochs, Validation: report}
	if err := r.writeEpoch(ctx, e); err != nil {
		return err
	}
	r.notifyEpoch(e)
	return nil
}

// showInputs writes the first images of a run as the network sees them.
func (r *run) showInputs(ctx context.Context) error {
	const shown, columns = 16, 4
	data := r.job.Data
	if data.Denormalize == nil {
		return nil
	}
	row, err := data.Train.Alloc(1)
	if err != nil {
		return err
	}
	defer row.Close()
	var images []image.Image
	order := input.Shuffled(r.train.count, r.cfg.Seed, 0)
	for _, i := range order[:min(shown, len(order))] {
		if err := data.Train.Load(ctx, r.train.examples[i], row.Row(0)); err != nil {
			return err
		}
		images = append(images, data.Denormalize(row.Row(0)))
	}
	return r.events.Image(0, "inputs", summaries.Grid(columns, images...))
}

// close ends what open began; it may be called on a half-open run.
func (r *run) close() error {
	var errs []error
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	if r.events != nil {
		errs = append(errs, r.events.Close())
	}
	if r.session != nil {
		errs = append(errs, r.session.Close())
	}
	return errors.Join(append(errs, r.dir.close())...)
}
