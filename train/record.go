package train

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/summaries"
)

// recorder writes a run's curves, histograms and metrics, and tells its observer.
type recorder struct {
	observer     Observer
	dir          *directory
	events       *summaries.Writer
	eventSize    int64
	epochs       int // in total
	displayEvery int
	samples      []sample
	now          func() time.Time

	epochStart time.Time
	images     int     // since then
	seconds    float64 // that the epoch's steps took, once they are done
}

// openEvents begins an event file. Readers drop what earlier files hold from step next on, unless that is 0.
func (r *recorder) openEvents(next int64) (err error) {
	r.events, err = summaries.Create(r.dir.Events(), summaries.Options{StartStep: next, MaxSize: r.eventSize})
	return err
}

// rewindEvents goes back to a checkpoint in the event files, or without one to the
// start, and begins another file there.
func (r *recorder) rewindEvents(to *checkpoint.Meta, next int64) error {
	if err := r.events.Close(); err != nil {
		return err
	}
	if to != nil {
		if err := summaries.Rewind(r.dir.Events(), to.Events); err != nil {
			return err
		}
	}
	return r.openEvents(next)
}

func (r *recorder) beginEpoch() { r.epochStart, r.images = r.now(), 0 }
func (r *recorder) endSteps()   { r.seconds = r.now().Sub(r.epochStart).Seconds() }

func (r *recorder) imagesPerSecond() float64 {
	return float64(r.images) / max(r.now().Sub(r.epochStart).Seconds(), 1e-9)
}

// step records a step that led to at. Curves have a point every displayEvery steps and
// at an epoch's last one, which also has histograms of variables and gradients.
func (r *recorder) step(at *position, b batch, of int, res stepResult, learningRate float64) error {
	n := len(b.picks)
	r.images += n
	r.observer.Step(StepResult{Epoch: at.Epoch + 1, Epochs: r.epochs, Done: at.Index, Of: of, Step: at.Step,
		Loss: res.loss, Accuracy: float64(res.correct) / float64(n), ImagesPerSecond: r.imagesPerSecond()})
	if !b.last && at.Step%int64(r.displayEvery) != 0 {
		return nil
	}
	var errs []error
	for i, values := range res.samples {
		errs = append(errs, r.events.Histogram(at.Step, r.samples[i].tag, values))
	}
	points := []point{{"learning_rate", learningRate}, {"images_per_second", r.imagesPerSecond()}}
	if at.display.count > 0 { // otherwise all steps since were skipped
		loss, accuracy := at.display.means()
		points = append([]point{{tagLoss, loss}, {tagAccuracy, accuracy}}, points...)
	}
	at.display = metricSum{}
	return errors.Join(append(errs, r.scalars(at.Step, points...), r.events.Flush())...)
}

// epoch is the result of the epoch that ends at a position, or of none before the first step.
func (r *recorder) epoch(at position, report *eval.Report) EpochResult {
	e := EpochResult{Epochs: r.epochs, Step: at.Step, Validation: report}
	if at.Step > 0 {
		e.Epoch, e.Seconds, e.ImagesPerSecond = at.Epoch+1, r.seconds, float64(r.images)/max(r.seconds, 1e-9)
		e.Loss, e.Accuracy = at.sum.means()
	}
	return e
}

// writeEpoch writes the result of a validation, and the observer's summaries, which
// are not interrupted: they belong to a position that is yet to be saved.
func (r *recorder) writeEpoch(ctx context.Context, v View) error {
	v.Events = r.events
	var errs []error
	if report := v.Validation; report != nil {
		errs = append(errs, r.scalars(v.Step, point{"validation/cross_entropy", report.Loss}, point{"validation/accuracy", report.Accuracy}))
		if report.Top5 != nil {
			errs = append(errs, r.scalars(v.Step, point{"validation/top5", *report.Top5}))
		}
	}
	if err := r.observer.Summaries(context.WithoutCancel(ctx), v); err != nil {
		errs = append(errs, fmt.Errorf("write summaries of epoch %d: %w", v.EpochResult.Epoch, err))
	}
	return errors.Join(append(errs, r.events.Flush())...)
}

type point struct {
	tag   string
	value float64
}

func (r *recorder) scalars(step int64, points ...point) error {
	var errs []error
	for _, p := range points {
		errs = append(errs, r.events.Scalar(step, p.tag, p.value))
	}
	return errors.Join(errs...)
}

// inputs writes the first training images as the network sees them.
func (r *recorder) inputs(ctx context.Context, data Dataset, s split, order []input.Pick) error {
	const shown, columns = 16, 4
	if data.Denormalize == nil {
		return nil
	}
	row, err := s.loader.Alloc(1)
	if err != nil {
		return err
	}
	defer row.Close()
	var images []image.Image
	for _, p := range order[:min(shown, len(order))] {
		if err := s.loader.Load(ctx, s.example(p.Example), 0, row.Row(0)); err != nil {
			return err
		}
		images = append(images, data.Denormalize(row.Row(0)))
	}
	return r.events.Image(0, "inputs", summaries.Grid(columns, images...))
}

func (r *recorder) trace(metadata []byte) error {
	return r.events.RunMetadata(tracedStep, fmt.Sprintf("step %d", tracedStep), metadata)
}
