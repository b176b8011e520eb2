package train

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"

	"alexnet/checkpoint"
	"alexnet/internal/atomicfile"
	"alexnet/internal/rundir"
	"alexnet/summaries"
)

// directory is the run directory: checkpoints/, events/, metrics.csv.
type directory struct {
	root        string
	checkpoints checkpoint.Dir
	events      string
	metrics     string
	cache       string
	lock        *os.File
}

// Checkpoints is where the run in dir keeps its checkpoints.
func Checkpoints(dir string) checkpoint.Dir { return directoryOf(dir).checkpoints }

// Events is where the run in dir keeps its event files.
func Events(dir string) string { return directoryOf(dir).events }

func directoryOf(root string) directory {
	return directory{
		root:        root,
		checkpoints: checkpoint.Dir(rundir.Dir(root).Checkpoints()),
		events:      rundir.Dir(root).Events(),
		metrics:     rundir.Dir(root).Metrics(),
		cache:       rundir.Dir(root).Cache(),
	}
}

var columns = []string{"epoch", "step", "loss", "accuracy", "validation_loss", "validation_accuracy",
	"learning_rate", "images_per_second", "seconds"}

// open creates the folders, locks the directory, and removes all that does not belong to a run that resumes at the
// position, from a checkpoint if there is one, and keeps the given number of checkpoints.
func (d *directory) open(ctx context.Context, at position, from *checkpoint.Meta, keep int) error {
	if err := os.MkdirAll(string(d.checkpoints), 0o777); err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	if err := d.takeLock(); err != nil {
		return err
	}
	if err := d.checkNewest(ctx, from); err != nil {
		return err
	}
	if err := d.openEvents(at.Step, from); err != nil {
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
	if err := atomicfile.Sweep(d.metrics, 0); err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	return d.keepMetrics(at.Epoch)
}

// rollBack removes the checkpoints and the metrics after a position in the run, which
// is that of a checkpoint or, without one, the start.
func (d *directory) rollBack(at position, to *checkpoint.Meta, keep int) error {
	if to == nil {
		to = new(checkpoint.Meta)
	}
	if err := d.checkpoints.Rewind(*to, keep); err != nil {
		return fmt.Errorf("roll back run: %w", err)
	}
	return d.keepMetrics(at.Epoch)
}

// keepMetrics truncates the metrics to the given number of epochs.
func (d *directory) keepMetrics(epochs int) error {
	rows, err := d.metricsUpTo(epochs)
	if err != nil {
		return err
	}
	return atomicfile.Write(d.metrics, rows)
}

// checkNewest refuses to resume from a checkpoint that another process has left behind
// since it was chosen, which was before the lock.
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
	return fmt.Errorf("open run %q: another process has trained here meanwhile, up to %s: %w", d.root, newest.Name, ErrBusy)
}

// openEvents drops the part of the event files after the checkpoint. Without one it
// removes them: TensorBoard would join their curves with the new ones.
func (d *directory) openEvents(step int64, from *checkpoint.Meta) error {
	if step == 0 {
		return summaries.RemoveOwn(d.events)
	}
	return summaries.Rewind(d.events, from.Events)
}

func (d *directory) metricsUpTo(epochs int) ([]byte, error) {
	rows, err := Metrics(d.root)
	if err != nil {
		return nil, fmt.Errorf("open run: %w", err)
	}
	kept := [][]string{columns}
	for _, row := range rows {
		if e, err := parseEpoch(row); err == nil && e.Epoch <= epochs {
			kept = append(kept, row)
		}
	}
	return encodeRows(kept)
}

// appendMetrics adds the row of one epoch.
func (d *directory) appendMetrics(e EpochResult, learningRate float64) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	row := []string{strconv.Itoa(e.Epoch), strconv.FormatInt(e.Step, 10), number(e.Loss), number(e.Accuracy), "", "",
		number(learningRate), number(e.ImagesPerSecond), number(e.Seconds)}
	if v := e.Validation; v != nil {
		row[4], row[5] = number(v.Loss), number(v.Accuracy)
	}
	text, err := encodeRows([][]string{row})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(d.metrics, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func encodeRows(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	err := csv.NewWriter(&b).WriteAll(rows)
	return b.Bytes(), err
}
