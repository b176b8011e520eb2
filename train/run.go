package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/featurecache"
	"alexnet/summaries"
	"alexnet/tfgraph"
)

// Run trains until cfg.Epochs epochs are done and leaves in job.Dir a
// checkpoint an epoch, TensorBoard's event files and metrics.csv. When ctx ends,
// it finishes the step it is in, or gives up one that is in the middle of its
// micro-batches, saves a checkpoint of that very position and returns an
// *InterruptedError; it does so too before an *input.Error of a image that cannot
// be read any more. A loss, a gradient or a value that is not finite never gets
// into a checkpoint: it ends the run with a *DivergedError, or what cfg.OnNaN
// says happens; what was saved before stays.
func Run(ctx context.Context, cfg Config, job Job) (err error) {
	cfg, job = withMicroBatch(cfg, job)
	r, err := open(ctx, cfg, job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()

	if r.at.Epoch < cfg.Epochs {
		if err := r.prepare(ctx); err != nil {
			return r.stop(ctx, err)
		}
	}
	if err := r.start(ctx); err != nil {
		return r.stop(ctx, err)
	}
	for r.at.Epoch < cfg.Epochs {
		if err := r.runEpoch(ctx); err != nil {
			if err := r.rollBack(ctx, err); err != nil {
				return r.stop(ctx, err)
			}
		}
	}
	return nil
}

// whole brings the running epoch to its end: a checkpoint and its figures.
func (r *run) runEpoch(ctx context.Context) error {
	if err := r.trainEpoch(ctx); err != nil {
		return err
	}
	if err := errors.Join(r.checkSkipped(), r.checkFinite(ctx)); err != nil {
		return err
	}
	report, err := r.validate(ctx)
	if err != nil {
		return err
	}
	return r.finish(ctx, report)
}

// run is a run in progress.
type run struct {
	cfg          Config
	job          Job
	graph        *graph
	session      *tfgraph.Session
	dir          directory
	events       *summaries.Writer
	train        source
	val          source             // zero without validation
	store        featurecache.Store // of frozen layers; nil without
	at           position
	saved        position // of the newest checkpoint
	savedAt      time.Time
	accumulated  result    // of the step under way
	display      metricSum // since the last point of the curves
	epochStart   time.Time
	images       int     // images since began
	epochSeconds float64 // seconds that the epoch's steps took
}

// position is where a run stands: epochs done, images of the next one used,
// steps done, and what the running epoch has shown so far.
type position struct {
	Epoch, Index int
	Step         int64
	Skipped      int64 // of the steps, left out as they were not finite
	Lowered      int   // times that the learning rate was
	sum          metricSum
}

// mean adds up losses and hits, each batch weighted by its images. What is not
// finite was left out of the training and is so here.
type metricSum struct {
	loss    float64
	correct int
	count   int
}

func (m *metricSum) add(r result, images int) {
	if !r.finite() {
		return
	}
	m.loss += r.loss * float64(images)
	m.correct += r.correct
	m.count += images
}

// kept is m as a checkpoint has it, nil where nothing is added up.
func (m metricSum) partial() *checkpoint.Partial {
	if m.count == 0 {
		return nil
	}
	return &checkpoint.Partial{Loss: m.loss, Correct: m.correct, Count: m.count}
}

func metricSumOf(p *checkpoint.Partial) metricSum {
	if p == nil {
		return metricSum{}
	}
	return metricSum{loss: p.Loss, correct: p.Correct, count: p.Count}
}

func (m metricSum) values() (loss, accuracy float64) {
	return m.loss / float64(m.count), float64(m.correct) / float64(m.count)
}

// epoch does the rest of the running epoch, update by update.
func (r *run) trainEpoch(ctx context.Context) error {
	r.epochStart, r.images = time.Now(), 0
	order := r.order()
	for p, err := range r.microBatches(ctx, order) {
		if err != nil {
			return err
		}
		if err := r.step(ctx, p, len(order)); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.at.Index < len(order) {
			if err := r.saveInside(ctx); err != nil {
				return err
			}
		}
	}
	r.epochSeconds = time.Since(r.epochStart).Seconds()
	return ctx.Err()
}

// step does one step, or its part of one, and closes the images. Once begun,
// it is not given up.
func (r *run) step(ctx context.Context, p microBatch, of int) error {
	defer p.Images.Close()
	n := p.batchSize
	last := r.at.Index+n == of
	res, err := r.graph.step(context.WithoutCancel(ctx), r.runner(p), r.settings(), r.train.feed, p, r.at.Step, last)
	if err != nil {
		return err
	}
	if !p.isBatch() {
		if res, err = r.accumulate(ctx, p, res, last); err != nil || !p.isLast() {
			return err
		}
	}
	if !res.finite() { // then the graph has left out the step
		if err := r.skipStep(&res, n); err != nil {
			return err
		}
	}
	r.at.Step++
	r.at.Index += n
	r.at.sum.add(res, n)
	r.display.add(res, n)
	r.images += n
	if notify := r.job.Progress.OnStep; notify != nil {
		notify(StepResult{Epoch: r.at.Epoch + 1, Epochs: r.cfg.Epochs, Done: r.at.Index, Of: of, Step: r.at.Step,
			Loss: res.loss, Accuracy: float64(res.correct) / float64(n), ImagesPerSecond: r.rate()})
	}
	if !last && r.at.Step%int64(r.cfg.DisplayEvery) != 0 {
		return nil
	}
	return errors.Join(r.writeHistograms(res.samples), r.writeCurves())
}

// validate measures the network on the validation images, nil without any.
func (r *run) validate(ctx context.Context) (*eval.Report, error) {
	if r.val.count == 0 {
		return nil, nil
	}
	head := r.val.head(r.job.Network.Head)
	report, err := eval.Evaluate(ctx, r.session, head, r.val.batches(ctx, input.Sequential(r.val.count), 0), r.job.Data.Classes, r.observers()...)
	if err != nil {
		return nil, err
	}
	if math.IsNaN(report.Loss) || math.IsInf(report.Loss, 0) {
		return nil, r.nonFiniteError(NonFiniteError{What: fmt.Sprintf("a loss of %v in validation", report.Loss), Loss: report.Loss})
	}
	return &report, nil
}

// finish closes the epoch: its figures, its checkpoint, and who is told.
func (r *run) finish(ctx context.Context, report *eval.Report) error {
	if err := r.dir.still(); err != nil {
		return err
	}
	loss, accuracy := r.at.sum.values()
	e := EpochResult{Epoch: r.at.Epoch + 1, Epochs: r.cfg.Epochs, Step: r.at.Step, Loss: loss, Accuracy: accuracy,
		Validation: report, ImagesPerSecond: float64(r.images) / max(r.epochSeconds, 1e-9), Seconds: r.epochSeconds}
	if err := r.writeEpoch(ctx, e); err != nil {
		return err
	}
	if err := r.dir.appendMetrics(e, r.settings().LearningRate); err != nil {
		return err
	}
	r.at.Epoch, r.at.Index, r.at.sum = e.Epoch, 0, metricSum{}
	var err error
	if e.Checkpoint, err = r.save(ctx, metricsOf(report)); err != nil {
		return err
	}
	r.notifyEpoch(e)
	return nil
}

func (r *run) notifyEpoch(e EpochResult) {
	if notify := r.job.Progress.OnEpoch; notify != nil {
		notify(e)
	}
}

func (r *run) rate() float64 {
	return float64(r.images) / max(time.Since(r.epochStart).Seconds(), 1e-9)
}

// save writes a checkpoint of the present position, whatever became of ctx.
func (r *run) save(ctx context.Context, metrics *checkpoint.Metrics) (prefix string, err error) {
	if err := r.dir.still(); err != nil {
		return "", err
	}
	m := r.job.Meta
	m.Step, m.Epoch, m.Index, m.Metrics, m.Saved = r.at.Step, r.at.Epoch, r.at.Index, metrics, time.Now().UTC()
	m.Partial, m.Display = r.at.sum.partial(), r.display.partial()
	m.Skipped, m.Lowered = r.at.Skipped, r.at.Lowered
	if m.Events, err = r.events.Position(); err != nil {
		return "", err
	}
	m.Name = checkpoint.Name(m.Epoch, m.Index, m.Step)
	if err := r.dir.checkpoints.Save(context.WithoutCancel(ctx), r.session, r.graph.saver, m, r.cfg.Keep); err != nil {
		return "", err
	}
	r.saved, r.savedAt, r.job.Resume = r.at, time.Now(), &m
	return r.dir.checkpoints.Prefix(m), nil
}

func metricsOf(report *eval.Report) *checkpoint.Metrics {
	if report == nil {
		return nil
	}
	return &checkpoint.Metrics{Accuracy: report.Accuracy, Loss: report.Loss, Count: report.Count}
}

// leave ends a run early. One that was interrupted, or that met a image it
// cannot read any more, saves where it stands first: no update is lost.
func (r *run) stop(ctx context.Context, err error) error {
	stop := &InterruptedError{Cause: context.Cause(ctx), Step: r.at.Step}
	switch {
	case ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, stop.Cause)):
		err = stop
	case !errors.As(err, new(*input.Error)):
		return err
	}
	if r.at.Step == r.saved.Step {
		return err
	}
	unsaved := r.checkFinite(ctx)
	if unsaved == nil {
		stop.Checkpoint, unsaved = r.save(ctx, nil)
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
