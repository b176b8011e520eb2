package train

import (
	"fmt"
	"path/filepath"

	"alexnet/input"
)

// DivergedError ends a run whose loss is no longer a finite number.
type DivergedError struct {
	Loss         float64
	Where        string // in words: in which batch, in validation, in the trained values
	Step         int64  // the update that met it, or the last one before it was found
	Epoch        int    // from 1
	LearningRate float64
	Pictures     []string // of the batch; none when no batch met it
	Checkpoint   string   // the newest one from before, "" if there is none
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("train step %d (epoch %d): got loss %v %s, want a finite number; the learning rate is %g",
		e.Step, e.Epoch, e.Loss, e.Where, e.LearningRate)
}

// Hint says what to do about it.
func (e *DivergedError) Hint() string {
	hint := fmt.Sprintf("the steps are too large: try --lr %.0e", e.LearningRate/10)
	if e.Checkpoint != "" {
		hint += fmt.Sprintf("; the checkpoint before is %s", e.Checkpoint)
	}
	return hint
}

func (r *run) diverged(loss float64, where string, batch []input.Example) error {
	e := &DivergedError{Loss: loss, Where: where, Step: r.at.Step, Epoch: r.at.Epoch + 1, LearningRate: r.cfg.LearningRate}
	if len(batch) > 0 {
		e.Step++
	}
	for _, ex := range batch {
		e.Pictures = append(e.Pictures, ex.Path)
	}
	if all, err := r.dir.checkpoints.List(); err == nil && len(all) > 0 {
		e.Checkpoint = filepath.Clean(r.dir.checkpoints.Prefix(all[len(all)-1]))
	}
	return e
}
