package train

import (
	"context"
	"errors"
	"fmt"
	"os"

	"alexnet/checkpoint"
	"alexnet/internal/rundir"
	"alexnet/summaries"
)

// directory is the run directory of a run in progress.
type directory struct {
	rundir.Dir
	checkpoints checkpoint.Dir
	lock        *rundir.Lock
}

// Checkpoints is where the run in dir keeps its checkpoints.
func Checkpoints(dir string) checkpoint.Dir { return checkpoint.Dir(rundir.Dir(dir).Checkpoints()) }

// open creates the folders, locks the directory and removes everything that a run writes after a position, which is
// that of the checkpoint from or the start. It keeps the given number of checkpoints.
func (d *directory) open(ctx context.Context, at position, from *checkpoint.Meta, keep int) (err error) {
	if err := os.MkdirAll(string(d.checkpoints), 0o777); err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	if d.lock, err = d.Acquire(); err != nil {
		return err
	}
	if err := d.checkNewest(ctx, from); err != nil {
		return err
	}
	if err := d.rewindEvents(at.Step, from); err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	if err := d.checkpoints.Sweep(); err != nil {
		return err
	}
	if from != nil {
		if err := d.checkpoints.Rewind(*from, keep); err != nil {
			return fmt.Errorf("open run: %w", err)
		}
	}
	return d.TruncateMetrics(at.Epoch)
}

// rollBack removes the checkpoints and metrics after a position, which is that of a
// checkpoint or, without one, the start.
func (d *directory) rollBack(at position, to *checkpoint.Meta, keep int) error {
	if to == nil {
		to = new(checkpoint.Meta)
	}
	if err := d.checkpoints.Rewind(*to, keep); err != nil {
		return fmt.Errorf("roll back run: %w", err)
	}
	return d.TruncateMetrics(at.Epoch)
}

// checkNewest refuses to resume from a checkpoint if another process has written a newer
// one since it was chosen, which was before the lock.
func (d *directory) checkNewest(ctx context.Context, from *checkpoint.Meta) error {
	var known checkpoint.Meta
	if from != nil {
		known = *from
		if _, err := checkpoint.ReadMeta(d.checkpoints.Prefix(known)); err != nil {
			return fmt.Errorf("open run: %w", err)
		}
	}
	newest, _, err := d.checkpoints.After(ctx, known)
	switch {
	case errors.Is(err, checkpoint.ErrNone):
		return nil
	case err != nil:
		return fmt.Errorf("open run: %w", err)
	}
	return fmt.Errorf("open run %q: another process has trained here meanwhile, up to %s: %w", string(d.Dir), newest.Name, rundir.ErrBusy)
}

// rewindEvents removes the events after the checkpoint. Without a step all are removed:
// TensorBoard would join the curves of an abandoned run with the new ones.
func (d *directory) rewindEvents(step int64, from *checkpoint.Meta) error {
	if step == 0 {
		return summaries.RemoveOwn(d.Events())
	}
	return summaries.Rewind(d.Events(), from.Events)
}
