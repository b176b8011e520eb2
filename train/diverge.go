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
	"alexnet/ops"
	"alexnet/summaries"
)

// OnNaN is what happens to a step whose loss or gradients are not finite
// numbers. It is never applied.
type OnNaN string

// Stop ends the run. Skip leaves the step out, counts it, and resumes with the
// next batch; an epoch of which less than half is left ends the run. LowerRate goes back
// to the newest checkpoint of an epoch's end, or to the start, and takes a tenth of
// the learning rate from there on, at most three times in a run. When that does not
// bring it past the end of an epoch, it goes back one checkpoint further.
const (
	Stop      OnNaN = "stop"
	Skip      OnNaN = "skip"
	LowerRate OnNaN = "lower-lr"
)

const maxLowered = 3

// DivergedError ends a run whose loss, gradients or values are no longer finite
// numbers.
type NonFiniteError struct {
	What             string   // in words: what is not finite
	Variables        []string // whose gradients or values it is, from the first layer on; none where only a loss is
	Loss             float64  // NaN where none was computed
	Step             int64    // the step that met it, or the last one before it was found
	Epoch            int      // from 1
	LearningRate     float64
	Images           []string // of the batch; none when no batch met it
	Checkpoint       string   // the newest one from before, "" if there is none
	RetriesExhausted bool     // LowerRate is the rule already, or has lowered the rate as often as it may
}

func (e *NonFiniteError) Error() string {
	text := fmt.Sprintf("train step %d (epoch %d): got %s", e.Step, e.Epoch, e.What)
	if n := len(e.Images); n > 0 {
		text += fmt.Sprintf(" in a batch of %d images, %q first", n, e.Images[0])
	}
	return fmt.Sprintf("%s, want a finite number; the learning rate is %.4g", text, e.LearningRate)
}

// Hint says what to do about it. A run that resumes keeps its rate and its bound;
// what happens to NaN may be changed.
func (e *NonFiniteError) Hint() string {
	rate := fmt.Sprintf("--lr %.0e", e.LearningRate/10)
	switch {
	case e.Checkpoint == "" && e.RetriesExhausted:
		return fmt.Sprintf("the steps are too large: try %s or --clip-norm 1", rate)
	case e.Checkpoint == "":
		return fmt.Sprintf("the steps are too large: try %s, --clip-norm 1 or --on-nan lower-lr", rate)
	}
	hint := fmt.Sprintf("the steps are too large: begin a new run in another --out with %s or --clip-norm 1", rate)
	if e.RetriesExhausted {
		return hint + "; the checkpoint before is " + e.Checkpoint
	}
	return hint + fmt.Sprintf(", or go on from %s with --resume --on-nan lower-lr", e.Checkpoint)
}

// diverged completes e by where the run stands.
func (r *run) nonFiniteError(e NonFiniteError) error {
	e.Step, e.Epoch, e.LearningRate = r.at.Step, r.at.Epoch+1, r.settings().LearningRate
	e.RetriesExhausted = r.cfg.OnNaN == LowerRate || r.at.Lowered == maxLowered
	if len(e.Images) > 0 {
		e.Step++
	}
	if from := r.job.Resume; from != nil {
		e.Checkpoint = filepath.Clean(r.dir.checkpoints.Prefix(*from))
	}
	return &e
}

// settings are those of the next step: the rate as often lowered as it was.
func (r *run) settings() Config {
	c := r.cfg
	for range r.at.Lowered {
		c.LearningRate /= 10
	}
	return c
}

// sound refuses to resume, and so to save, with values that are not finite: the
// last step may have made them after its gradients were looked at.
func (r *run) checkFinite(ctx context.Context) error {
	bad, err := r.graph.nonFinite(context.WithoutCancel(ctx), r.session)
	if err == nil && len(bad) > 0 {
		err = r.nonFiniteError(NonFiniteError{What: fmt.Sprintf("values of %s that are not finite", lastName(bad)), Variables: bad, Loss: math.NaN()})
	}
	return err
}

// finite tells whether loss, gradients and their norm are: see [ops.Guard].
func (r result) finite() bool {
	sum := float32(0)
	for _, s := range r.squares {
		sum += s
	}
	return finite(r.loss) && finite(float64(sum))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// notFinite gives the places of the values that are not.
func nonFiniteIndexes(values []float32) (places []int) {
	for i, v := range values {
		if !finite(float64(v)) {
			places = append(places, i)
		}
	}
	return places
}

func namesOf(vars []ops.Variable, places []int) (names []string) {
	for _, i := range places {
		names = append(names, vars[i].Name)
	}
	return names
}

// skip leaves out the step of the next n images: what it found is not shown.
// Under other rules than Skip it is an error.
func (r *run) skipStep(res *result, n int) error {
	bad := namesOf(r.job.Network.Trainable, nonFiniteIndexes(res.squares))
	e := NonFiniteError{Variables: bad, Loss: res.loss, Images: r.batchPaths(n)}
	e.What = fmt.Sprintf("a loss of %v", res.loss)
	switch {
	case !finite(res.loss):
	case len(bad) == 0:
		e.What = fmt.Sprintf("gradients whose norm is not finite, at a loss of %.4g,", res.loss)
	default:
		e.What = fmt.Sprintf("a gradient of %s that is not finite, at a loss of %.4g,", lastName(bad), res.loss)
	}
	err := r.nonFiniteError(e)
	r.note("images of the batch: " + display.Join(e.Images))
	if r.cfg.OnNaN != Skip {
		return err
	}
	r.at.Skipped++
	res.samples = nil
	r.note(fmt.Sprintf("left out: %v; updates left out so far: %d", err, r.at.Skipped))
	return nil
}

// enough says of how many images the steps of an epoch that ends were left out.
// Where it is most of them, as when finite values have exploded already, the epoch
// gets no checkpoint, which might push out the last good one.
func (r *run) checkSkipped() error {
	all := r.train.count
	left := all - r.at.sum.count
	switch {
	case 2*left > all:
		return r.nonFiniteError(NonFiniteError{What: fmt.Sprintf("losses or gradients that are not finite for %d of the epoch's %d images", left, all), Loss: math.NaN()})
	case left > 0:
		r.note(fmt.Sprintf("epoch %d: the updates of %d of %d images were left out", r.at.Epoch+1, left, all))
	}
	return nil
}

// batch names the next n images of the running epoch.
func (r *run) batchPaths(n int) (paths []string) {
	for _, i := range r.order()[r.at.Index : r.at.Index+n] {
		paths = append(paths, r.train.examples[i%r.train.count].Path)
	}
	return paths
}

// andOthers names the last, which is the nearest to the loss: from there a fault
// spreads to the layers below.
func lastName(names []string) string {
	last := names[len(names)-1]
	if n := len(names) - 1; n > 0 {
		return fmt.Sprintf("%s (and %d below it)", last, n)
	}
	return last
}

// goBack takes the run back with a tenth of the rate, where err is that it diverged
// and LowerRate is the rule. Else it gives err back.
func (r *run) rollBack(ctx context.Context, err error) error {
	var diverged *NonFiniteError
	lowered := r.at.Lowered + 1
	if r.cfg.OnNaN != LowerRate || lowered > maxLowered || !errors.As(err, &diverged) {
		return err
	}
	to, unread := r.rollbackTarget()
	if unread != nil {
		return errors.Join(err, unread)
	}
	r.job.Resume = to
	if err := r.restore(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	r.at.Lowered = lowered
	if err := r.dir.goBack(r.at, to, r.cfg.Keep); err != nil {
		return err
	}
	r.note(fmt.Sprintf("%v; going on from step %d with a learning rate of %.4g", err, r.at.Step, r.settings().LearningRate))
	if err := r.events.Close(); err != nil {
		return err
	}
	if to != nil {
		if err := summaries.Rewind(r.dir.events, to.Events); err != nil {
			return err
		}
	}
	return r.openEvents(r.at.Step + 1)
}

// wayBack is the checkpoint to go back to, nil for the start. One from inside an
// epoch may have been saved on the way up, so it is of an epoch's end; where the
// rate was lowered since the newest one, that did not help, and it is the one before.
// A run that was resumed before the first has no way but to where it was resumed.
func (r *run) rollbackTarget() (*checkpoint.Meta, error) {
	all, err := r.dir.checkpoints.List()
	ends := slices.DeleteFunc(all, func(m checkpoint.Meta) bool { return m.Index > 0 })
	switch n := len(ends); {
	case err != nil:
		return nil, err
	case n > 1 && ends[n-1].Lowered < r.at.Lowered:
		return &ends[n-2], nil
	case n > 0:
		return &ends[n-1], nil
	case r.job.Start == nil:
		return r.job.Resume, nil
	}
	return nil, nil
}
