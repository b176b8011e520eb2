package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/internal/featurecache"
	"alexnet/internal/rundir"
)

// Trainer is a run in progress.
type Trainer struct {
	cfg      Config
	job      Job
	dir      directory
	exec     *executor
	schedule schedule
	record   *recorder

	train, val split
	store      featurecache.Store // nil: no features are cached
	excluded   []input.Excluded

	at        position
	latest    *checkpoint.Meta // newest checkpoint; nil before the first
	savedStep int64            // of the newest checkpoint
	savedAt   time.Time
}

// Prepare opens a run: it builds the backward pass, initializes or restores the variables, takes the run directory,
// decodes every image once and computes the features of frozen layers. Of a run that is done already it reads no image.
// The caller decides about the images that [Trainer.Undecodable] lists, and calls Run and Close.
func Prepare(ctx context.Context, cfg Config, job Job) (t *Trainer, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := job.validate(); err != nil {
		return nil, fmt.Errorf("open run %q: %w", job.Dir, err)
	}
	if job.Observer == nil {
		job.Observer = noObserver{}
	}
	t = &Trainer{cfg: cfg, job: job, dir: directory{Dir: rundir.Dir(job.Dir), checkpoints: Checkpoints(job.Dir)}, schedule: schedule{cfg.LearningRate}}
	t.record = &recorder{observer: job.Observer, dir: &t.dir, eventSize: job.EventSize, epochs: cfg.Epochs, displayEvery: cfg.DisplayEvery, now: time.Now}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	if t.exec, err = newExecutor(cfg, job); err != nil {
		return t, err
	}
	t.record.samples = t.exec.graph.samples
	if job.Trace {
		t.exec.trace = t.record.trace
	}
	if err := t.restore(ctx, job.Resume); err != nil {
		return t, err
	}
	if err := t.checkFinite(ctx); err != nil {
		return t, err
	}
	if err := t.dir.open(ctx, t.at, job.Resume, cfg.Keep); err != nil {
		return t, err
	}
	if epochs, err := t.dir.Epochs(); err == nil && len(epochs) < t.at.Epoch {
		job.Observer.Note(fmt.Sprintf("metrics.csv has the rows of only %d of the %d epochs done: the others were damaged or removed", len(epochs), t.at.Epoch))
	}
	next := t.at.Step + 1
	if t.at.Step == 0 {
		next = 0
	}
	if err := t.record.openEvents(next); err != nil {
		return t, err
	}
	if t.Done() {
		return t, nil
	}
	if t.excluded, err = t.openSplits(ctx); err != nil {
		err = t.stop(ctx, err)
	}
	return t, err
}

// Undecodable lists the images that cannot be decoded. Run does without them.
func (t *Trainer) Undecodable() []input.Excluded { return t.excluded }

// Done reports whether all epochs are done.
func (t *Trainer) Done() bool { return t.at.Epoch >= t.cfg.Epochs }

// restore brings variables and position to a checkpoint, or without one to the start.
func (t *Trainer) restore(ctx context.Context, from *checkpoint.Meta) (err error) {
	t.at = position{}
	if from == nil {
		err = t.exec.initialize(ctx, t.job.Start)
	} else if err = t.exec.restore(ctx, t.dir.checkpoints.Prefix(*from)); err == nil {
		t.at = positionOf(*from)
	}
	t.latest, t.savedStep = from, t.at.Step
	return err
}

// Close frees what Prepare has opened.
func (t *Trainer) Close() error {
	var errs []error
	if t.store != nil {
		errs = append(errs, t.store.Close())
	}
	if t.record.events != nil {
		errs = append(errs, t.record.events.Close())
	}
	if t.exec != nil && t.exec.session != nil {
		errs = append(errs, t.exec.close())
	}
	return errors.Join(append(errs, t.dir.lock.Close())...)
}
