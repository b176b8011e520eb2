package finetune

import (
	"context"
	"errors"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/summaries"
	"alexnet/tfgraph"
	"alexnet/train"
)

// dashboards writes a run's TensorBoard data beyond the curves, histograms and input images of package train.
type dashboards struct {
	*session
	net           *alexnet.Network
	head          eval.Head
	preprocessing alexnet.Preprocessing
	plan          alexnet.Plan
	images        *input.Loader[*tfgraph.Tensor] // of the validation split; nil without one
	curves        []summaries.PRCurve            // of the latest evaluation, by class
}

// maxCurves is the maximum number of per-class curves.
const maxCurves = 50

// Validation implements train.Observer: it starts the curves of a validation.
func (b *dashboards) Validation() eval.Observer {
	b.curves = make([]summaries.PRCurve, min(len(b.data.Classes), maxCurves))
	return func(label int, probabilities []float32) {
		for class := range b.curves {
			b.curves[class].Add(probabilities[class], class == label)
		}
	}
}

// Summaries implements train.Observer: at epoch 0 of a fresh run and after each epoch.
func (b *dashboards) Summaries(ctx context.Context, v train.View) error {
	var errs []error
	if v.EpochResult.Epoch == 0 {
		errs = append(errs, b.writeRunInfo(v))
	}
	if v.EpochResult.Epoch == 0 || slices.Contains(b.TrainLayers, b.Network.Architecture().FirstConv()) {
		errs = append(errs, b.writeFilters(ctx, v))
	}
	if v.Validation != nil {
		for class, curve := range b.curves {
			errs = append(errs, v.Events.PRCurve(v.Step, "precision_recall/"+b.data.Classes[class], &curve))
		}
		errs = append(errs, v.Events.Text(v.Step, "run/validation", confusionText(*v.Validation)))
	}
	if v.EpochResult.Epoch == v.Epochs {
		// Missing images do not fail the run.
		if err := b.writeProjector(ctx, v); err != nil {
			b.log.Warn("projector data not written", "reason", err)
		}
		errs = append(errs, v.Events.HParamsEnd(v.Step))
	}
	return errors.Join(errs...)
}

// writeRunInfo writes the data that does not change during the run.
func (b *dashboards) writeRunInfo(v train.View) error {
	return errors.Join(
		v.Events.Text(0, "run/settings", settingsText(b.Config)),
		v.Events.Text(0, "run/layers", planText(b.plan)),
		v.Events.HParams(b.hparams(), "validation/accuracy", "validation/cross_entropy", "accuracy", "cross_entropy"))
}

// hparams are the settings by which TensorBoard compares runs.
func (b *dashboards) hparams() []summaries.HParam {
	all := []summaries.HParam{{Name: "images", Value: b.TrainCount}}
	for _, s := range Settings {
		if s.Main || s.compared {
			all = append(all, summaries.HParam{Name: s.Name, Value: s.value(b.WithBaseNames()), Column: s.Main})
		}
	}
	return all
}

// writeFilters writes conv1's filters as an image.
func (b *dashboards) writeFilters(ctx context.Context, v train.View) error {
	const scale, columns = 4, 12 // 96 filters of 11 pixels
	weights := b.net.Variables[0]
	out, err := v.Session.Run(ctx, nil, []tf.Output{weights.Value})
	if err != nil {
		return fmt.Errorf("write filters: %w", err)
	}
	defer tfgraph.CloseAll(out)
	filters := b.preprocessing.FilterImages(tfgraph.Data[float32](out[0]), int(weights.Shape[0]), scale)
	return v.Events.Image(v.Step, b.Network.Architecture().FirstConv()+"/filters", summaries.Grid(columns, filters...))
}
