package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"alexnet/internal/filelock"
)

// ErrBusy reports that another process trains in the run directory.
var ErrBusy = errors.New("another process is training in this run directory")

// Lock keeps other processes out of a run directory. A nil Lock can be closed.
type Lock struct {
	dir  Dir
	file *os.File
}

// Acquire locks the directory until Close, or until the process ends.
func (d Dir) Acquire() (*Lock, error) {
	f, err := filelock.Acquire(d.lock())
	if errors.Is(err, filelock.ErrBusy) {
		err = ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("open run %q: %w", string(d), err)
	}
	return &Lock{d, f}, nil
}

// CheckInPlace returns an error if the directory was moved or removed: it must not reappear with a few files in it.
func (l *Lock) CheckInPlace() error {
	moved, err := filelock.Moved(l.file)
	if moved {
		return &movedError{l.dir}
	}
	return err
}

// Close releases the lock.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

type movedError struct{ dir Dir }

func (e *movedError) Error() string {
	return fmt.Sprintf("run directory %q was moved or removed while the run trains in it", string(e.dir))
}

// Hint implements the interface of package hint.
func (e *movedError) Hint() string {
	return "move it back, or name its new location with --out, and resume with --resume"
}

func (e *movedError) Unwrap() error { return fs.ErrNotExist }
