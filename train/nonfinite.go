package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"alexnet/checkpoint"
	"alexnet/internal/display"
)

// OnNaN is the action on a step with a non-finite loss or gradient, whose update is never applied.
type OnNaN string

// Stop ends the run. Skip skips the step, counts it, and continues with the next batch; an epoch of which more than
// half is skipped ends the run. LowerLearningRate rolls back to the newest checkpoint of an epoch's end, or to the
// start, and continues with a tenth of the learning rate, at most three times in a run. When that does not bring the
// run past the end of an epoch, it rolls back one checkpoint further.
const (
	Stop              OnNaN = "stop"
	Skip              OnNaN = "skip"
	LowerLearningRate OnNaN = "lower-lr"
)

const maxLowered = 3

// NonFiniteError ends a run with a loss, gradient or variable that is not finite.
type NonFiniteError struct {
	What             string   // in words: what is not finite
	Variables        []string // whose gradients or values are, from the first layer on; none where only a loss is
	Loss             float64  // NaN where none was computed
	Step             int64    // the one that met it, or the last one before it was found
	Epoch            int      // from 1
	LearningRate     float64
	Images           []string // of the batch; none when no batch met it
	Checkpoint       string   // the newest one from before, "" if there is none
	RetriesExhausted bool     // OnNaN is LowerLearningRate, or has lowered the learning rate as often as it may
}

func (e *NonFiniteError) Error() string {
	text := fmt.Sprintf("train step %d (epoch %d): got %s", e.Step, e.Epoch, e.What)
	if n := len(e.Images); n > 0 {
		text += fmt.Sprintf(" in a batch of %d images, %q first", n, e.Images[0])
	}
	return fmt.Sprintf("%s, want a finite one; the learning rate is %.4g", text, e.LearningRate)
}

// Hint says what to do about it. A resumed run keeps its learning rate and ClipNorm; OnNaN may be changed.
func (e *NonFiniteError) Hint() string {
	rate := fmt.Sprintf("--lr %.0e", e.LearningRate/10)
	switch {
	case e.Checkpoint == "" && e.RetriesExhausted:
		return fmt.Sprintf("training diverges: try %s or --clip-norm 1", rate)
	case e.Checkpoint == "":
		return fmt.Sprintf("training diverges: try %s, --clip-norm 1 or --on-nan lower-lr", rate)
	}
	hint := fmt.Sprintf("training diverges: start a new run in another --out with %s or --clip-norm 1", rate)
	if e.RetriesExhausted {
		return hint + "; the last good checkpoint is " + e.Checkpoint
	}
	return hint + fmt.Sprintf(", or resume from %s with --resume --on-nan lower-lr", e.Checkpoint)
}

// nonFiniteError completes e by the position.
func (t *Trainer) nonFiniteError(e NonFiniteError) error {
	e.Step, e.Epoch, e.LearningRate = t.at.Step, t.at.Epoch+1, t.schedule.at(t.at)
	e.RetriesExhausted = t.cfg.OnNaN == LowerLearningRate || t.at.Lowered == maxLowered
	if len(e.Images) > 0 {
		e.Step++
	}
	if t.latest != nil {
		e.Checkpoint = filepath.Clean(t.dir.checkpoints.Prefix(*t.latest))
	}
	return &e
}

// checkFinite returns an error if a variable has a non-finite value: the last step may
// have made one after its gradients were checked.
func (t *Trainer) checkFinite(ctx context.Context) error {
	bad, err := t.exec.nonFinite(context.WithoutCancel(ctx))
	if err == nil && len(bad) > 0 {
		err = t.nonFiniteError(NonFiniteError{What: "a non-finite value in " + lastOf(bad), Variables: bad, Loss: math.NaN()})
	}
	return err
}

// skipStep counts a step with a non-finite result as skipped. Unless OnNaN is Skip, it is an error.
func (t *Trainer) skipStep(b batch, res *stepResult) error {
	bad := namesOf(t.job.Network.Trainable, nonFiniteIndexes(res.squares))
	e := NonFiniteError{Variables: bad, Loss: res.loss}
	for _, p := range b.picks {
		e.Images = append(e.Images, t.train.example(p.Example).Path)
	}
	switch {
	case !finite(res.loss):
		e.What = fmt.Sprintf("a loss of %v", res.loss)
	case len(bad) == 0:
		e.What = fmt.Sprintf("a non-finite global norm of the gradients (loss %.4g)", res.loss)
	default:
		e.What = fmt.Sprintf("a non-finite gradient in %s (loss %.4g)", lastOf(bad), res.loss)
	}
	err := t.nonFiniteError(e)
	t.job.Observer.Note("images of the batch: " + display.Join(e.Images))
	if t.cfg.OnNaN != Skip {
		return err
	}
	t.at.Skipped++
	res.samples = nil
	t.job.Observer.Note(fmt.Sprintf("step skipped: %v; steps skipped so far: %d", err, t.at.Skipped))
	return nil
}

// checkSkipped notes how many images of the epoch were in skipped steps. If it is most of them, as when finite values
// have exploded already, the epoch gets no checkpoint, which might push out the last good one.
func (t *Trainer) checkSkipped() error {
	all := t.train.count()
	skipped := all - t.at.sum.count
	switch {
	case 2*skipped > all:
		return t.nonFiniteError(NonFiniteError{What: fmt.Sprintf("a non-finite loss or gradient for %d of the epoch's %d images", skipped, all), Loss: math.NaN()})
	case skipped > 0:
		t.job.Observer.Note(fmt.Sprintf("epoch %d: the steps of %d of %d images were skipped", t.at.Epoch+1, skipped, all))
	}
	return nil
}

// rollBack handles a NonFiniteError where OnNaN is LowerLearningRate: it returns the run to an
// earlier checkpoint with a tenth of the learning rate. It returns any other error.
func (t *Trainer) rollBack(ctx context.Context, err error) error {
	lowered := t.at.Lowered + 1
	if t.cfg.OnNaN != LowerLearningRate || lowered > maxLowered || !errors.As(err, new(*NonFiniteError)) {
		return err
	}
	to, unread := t.rollbackTarget()
	if unread != nil {
		return errors.Join(err, unread)
	}
	if err := t.restore(context.WithoutCancel(ctx), to); err != nil {
		return err
	}
	t.at.Lowered = lowered
	if err := t.dir.rollBack(t.at, to, t.cfg.Keep); err != nil {
		return err
	}
	t.job.Observer.Note(fmt.Sprintf("%v; rolled back to step %d with a learning rate of %.4g", err, t.at.Step, t.schedule.at(t.at)))
	return t.record.rewindEvents(to, t.at.Step+1)
}

// rollbackTarget is the checkpoint to roll back to, nil for the start. One from inside an epoch may already hold
// exploding values, so it is of an epoch's end; where the learning rate was lowered since the newest one, that did not
// help, and it is the one before. A run that was resumed before the first rolls back to where it was resumed.
func (t *Trainer) rollbackTarget() (*checkpoint.Meta, error) {
	all, err := t.dir.checkpoints.List()
	ends := slices.DeleteFunc(all, func(m checkpoint.Meta) bool { return m.Index > 0 })
	switch n := len(ends); {
	case err != nil:
		return nil, err
	case n > 1 && ends[n-1].Lowered < t.at.Lowered:
		return &ends[n-2], nil
	case n > 0:
		return &ends[n-1], nil
	case t.job.Start == nil:
		return t.latest, nil
	}
	return nil, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func nonFiniteIndexes(values []float32) (indexes []int) {
	for i, v := range values {
		if !finite(float64(v)) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// lastOf names the last, which is nearest to the loss: from there a non-finite value spreads to the layers below.
func lastOf(names []string) string {
	last := names[len(names)-1]
	if n := len(names) - 1; n > 0 {
		return fmt.Sprintf("%s (and %d below it)", last, n)
	}
	return last
}
