// Package train is the training loop: steps, epochs, recording, checkpoints and
// resuming. Start with [Prepare] and [Trainer.Run].
//
// A run is a pure function of its Config, its images and its initial values: the order of images, their augmentation
// and every dropout mask follow from (seed, epoch, index), so a position is a few integers and an interrupted run
// resumes exactly where it was. The package does not know which network it trains; the caller introduces one with a
// [Job].
package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/rundir"
)

// Run trains until all epochs are done and writes to the run directory a checkpoint per epoch, with settings in it,
// TensorBoard's event files and metrics.csv. When ctx ends, it finishes the step, or abandons one between two
// micro-batches, saves a checkpoint of that exact position and returns an *InterruptedError; it also saves before it
// returns an *input.Error of an image that can no longer be read. A non-finite loss, gradient or variable never gets
// into a checkpoint: it ends the run with a *NonFiniteError, or is handled as cfg.OnNaN says.
func (t *Trainer) Run(ctx context.Context, settings json.RawMessage) error {
	t.job.Meta.Config = settings
	err := t.start(ctx)
	for err == nil && !t.Done() {
		if err = t.runEpoch(ctx); err != nil {
			err = t.rollBack(ctx, err) // on-nan lower-lr: continue from an earlier checkpoint
		}
	}
	if err != nil {
		err = t.stop(ctx, err) // saves the position where that is right
	}
	return err
}

// runEpoch does the rest of the epoch that the position is in.
func (t *Trainer) runEpoch(ctx context.Context) error {
	order := t.cfg.epochOrder(t.train.count(), t.at.Epoch)
	t.record.beginEpoch()
	for batch := range t.batches(ctx, order, t.at.Index) {
		learningRate := t.schedule.at(t.at)
		res, err := t.exec.Step(ctx, batch, t.at.Step, learningRate, batch.last)
		if err != nil {
			return err
		}
		if !res.finite() { // the graph has skipped the update
			if err := t.skipStep(batch, &res); err != nil {
				return err
			}
		}
		t.at.advance(len(batch.picks), res)
		if err := t.record.step(&t.at, batch, len(order), res, learningRate); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !batch.last && t.saveDue() {
			if err := t.checkFinite(ctx); err != nil {
				return err
			}
			if err := t.save(ctx, nil); err != nil {
				return err
			}
		}
	}
	t.record.endSteps()
	if err := errors.Join(t.checkSkipped(), t.checkFinite(ctx)); err != nil {
		return err
	}
	report, err := t.evaluate(ctx)
	if err != nil {
		return err
	}
	return t.finishEpoch(ctx, report)
}

// start does what precedes the first step: a fresh run writes the graph, its first
// images and the validation of its initial values.
func (t *Trainer) start(ctx context.Context) error {
	if !t.Done() {
		if err := t.exclude(append(t.excluded, t.job.Exclude...)); err != nil {
			return err
		}
	}
	t.record.beginEpoch()
	t.savedAt = t.record.now()
	if err := t.record.events.Graph(t.exec.graph.def); err != nil {
		return err
	}
	if t.latest != nil {
		return t.record.events.Flush()
	}
	if err := t.record.inputs(ctx, t.job.Data, t.train, input.Shuffled(t.train.count(), t.cfg.Seed, 0)); err != nil {
		return err
	}
	report, err := t.evaluate(ctx)
	if err != nil {
		return err
	}
	e := t.record.epoch(t.at, report)
	if err := t.record.writeEpoch(ctx, t.view(e)); err != nil {
		return err
	}
	t.job.Observer.Epoch(e)
	return nil
}

// evaluate measures the network on the validation split; nil without one.
func (t *Trainer) evaluate(ctx context.Context) (*eval.Report, error) {
	if t.val.count() == 0 {
		return nil, nil
	}
	var observers []eval.Observer
	if o := t.job.Observer.Validation(); o != nil {
		observers = append(observers, o)
	}
	batches := t.val.batches(ctx, input.Sequential(t.val.count()), 0)
	report, err := eval.Evaluate(ctx, t.exec.session, t.val.head(t.job.Network.Head), batches, t.job.Data.Classes, observers...)
	if err != nil {
		return nil, err
	}
	if !finite(report.Loss) {
		return nil, t.nonFiniteError(NonFiniteError{What: fmt.Sprintf("a validation loss of %v", report.Loss), Loss: report.Loss})
	}
	return &report, nil
}

// finishEpoch records the epoch, moves to the next one and saves.
func (t *Trainer) finishEpoch(ctx context.Context, report *eval.Report) error {
	if err := t.dir.lock.CheckInPlace(); err != nil {
		return err
	}
	e := t.record.epoch(t.at, report)
	if err := t.record.writeEpoch(ctx, t.view(e)); err != nil {
		return err
	}
	row := rundir.Epoch{Epoch: e.Epoch, Step: e.Step, Loss: e.Loss, Accuracy: e.Accuracy,
		LearningRate: t.schedule.at(t.at), ImagesPerSecond: e.ImagesPerSecond, Seconds: e.Seconds}
	if report != nil {
		row.Validation = &rundir.Validation{Loss: report.Loss, Accuracy: report.Accuracy}
	}
	if err := t.dir.AppendEpoch(row); err != nil {
		return err
	}
	t.at.nextEpoch()
	if err := t.save(ctx, report); err != nil {
		return err
	}
	e.Checkpoint = t.dir.checkpoints.Prefix(*t.latest)
	t.job.Observer.Epoch(e)
	return nil
}

func (t *Trainer) view(e EpochResult) View {
	return View{EpochResult: e, Session: t.exec.session, Count: t.val.count(), Feed: t.val.feed,
		Batches: func(ctx context.Context, order []input.Pick) eval.Batches { return t.val.batches(ctx, order, 0) }}
}

// saveDue reports whether it is time for a checkpoint inside the epoch, which replaces the one before of its kind.
func (t *Trainer) saveDue() bool {
	return t.cfg.SaveEvery.due(t.at.Step-t.savedStep, t.record.now().Sub(t.savedAt))
}

// save writes a checkpoint of the position, even if ctx is canceled.
func (t *Trainer) save(ctx context.Context, report *eval.Report) (err error) {
	if err := t.dir.lock.CheckInPlace(); err != nil {
		return err
	}
	m := t.job.Meta
	t.at.describe(&m)
	m.Saved = t.record.now().UTC()
	if report != nil {
		m.Metrics = &checkpoint.Metrics{Accuracy: report.Accuracy, Loss: report.Loss, Count: report.Count}
	}
	if m.Events, err = t.record.events.Position(); err != nil {
		return err
	}
	if err := t.exec.save(context.WithoutCancel(ctx), t.dir.checkpoints, m, t.cfg.Keep); err != nil {
		return err
	}
	t.latest, t.savedStep, t.savedAt = &m, t.at.Step, t.record.now()
	return nil
}

// stop ends a run early. One that was interrupted, or that met an image it can no
// longer read, saves its position first.
func (t *Trainer) stop(ctx context.Context, err error) error {
	interrupted := &InterruptedError{Cause: context.Cause(ctx), Step: t.at.Step}
	switch {
	case ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, interrupted.Cause)):
		err = interrupted
	case !errors.As(err, new(*input.Error)):
		return err
	}
	if t.at.Step == t.savedStep {
		return err
	}
	unsaved := t.checkFinite(ctx)
	if unsaved == nil {
		if unsaved = t.save(ctx, nil); unsaved == nil {
			interrupted.Checkpoint = t.dir.checkpoints.Prefix(*t.latest)
		}
	}
	return errors.Join(err, unsaved)
}

// InterruptedError ends a run whose context ended.
type InterruptedError struct {
	Cause      error
	Step       int64
	Checkpoint string // prefix of the checkpoint of this position; "" when there was nothing new to save
}

func (e *InterruptedError) Error() string {
	if e.Checkpoint == "" {
		return fmt.Sprintf("stop training at step %d: %v", e.Step, e.Cause)
	}
	return fmt.Sprintf("stop training at step %d, saved as %q: %v", e.Step, e.Checkpoint, e.Cause)
}

// Unwrap gives the context's cause.
func (e *InterruptedError) Unwrap() error { return e.Cause }
