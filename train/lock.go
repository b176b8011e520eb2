package train

import (
	"errors"
	"fmt"
	"io/fs"

	"alexnet/internal/filelock"
	"alexnet/internal/rundir"
)

// ErrBusy reports that another process trains in the run directory.
var ErrBusy = errors.New("another process trains here")

// takeLock keeps other processes out until close, or until this one ends.
func (d *directory) takeLock() error {
	f, err := filelock.Acquire(rundir.Dir(d.root).Lock())
	if errors.Is(err, filelock.ErrBusy) {
		err = ErrBusy
	}
	if err != nil {
		return fmt.Errorf("open run %q: %w", d.root, err)
	}
	d.lock = f
	return nil
}

// checkInPlace checks that the run directory is where it was: moved or removed during the
// run, it must not reappear with a few files in it.
func (d *directory) checkInPlace() error {
	moved, err := filelock.Moved(d.lock)
	if moved {
		return &goneError{d.root}
	}
	return err
}

// goneError ends a run whose directory is no longer there.
type goneError struct{ dir string }

func (e *goneError) Error() string {
	return fmt.Sprintf("run directory %q was moved or removed while the run trains in it", e.dir)
}

// Hint says what to do about it.
func (e *goneError) Hint() string {
	return "move it back, or name its new location with --out, and resume with --resume"
}

func (e *goneError) Unwrap() error { return fs.ErrNotExist }

func (d *directory) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}
