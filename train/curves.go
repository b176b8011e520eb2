package train

import (
	"context"
	"errors"
)

// writeCurves writes the points of the training curves since the last ones.
// cross_entropy and accuracy are of batches with dropout on.
func (r *run) writeCurves() error {
	points := []point{{"learning_rate", r.settings().LearningRate}, {"images_per_second", r.rate()}}
	if r.display.count > 0 { // or all steps since were left out
		loss, accuracy := r.display.values()
		points = append([]point{{tagLoss, loss}, {tagAccuracy, accuracy}}, points...)
	}
	r.display = metricSum{}
	err := r.scalars(r.at.Step, points)
	return errors.Join(err, r.events.Flush())
}

// writeHistograms writes how the trained variables and their gradients are
// distributed in the last step of an epoch; there are no values of any other.
func (r *run) writeHistograms(samples [][]float32) error {
	var errs []error
	for i, values := range samples {
		errs = append(errs, r.events.Histogram(r.at.Step, r.graph.samples[i].tag, values))
	}
	return errors.Join(errs...)
}

// writeEpoch writes what validation found, and what the job has to show.
func (r *run) writeEpoch(ctx context.Context, e EpochResult) error {
	var errs []error
	if v := e.Validation; v != nil {
		errs = append(errs, r.scalars(e.Step, []point{
			{"validation/cross_entropy", v.Loss}, {"validation/accuracy", v.Accuracy}}))
		if v.Top5 != nil {
			errs = append(errs, r.events.Scalar(e.Step, "validation/top5", *v.Top5))
		}
	}
	return errors.Join(append(errs, r.showEpoch(ctx, e), r.events.Flush())...)
}

type point struct {
	tag   string
	value float64
}

func (r *run) scalars(step int64, points []point) error {
	var errs []error
	for _, p := range points {
		errs = append(errs, r.events.Scalar(step, p.tag, p.value))
	}
	return errors.Join(errs...)
}
