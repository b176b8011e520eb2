package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrBusy reports that another process trains in the run directory.
var ErrBusy = errors.New("another process trains here")

const lockName = ".lock"

// Begun tells whether a run has ever been opened in dir.
func HasCheckpoints(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, lockName))
	return err == nil
}

// takeLock keeps a second process out until close, or until this one dies.
func (d *directory) takeLock() error {
	f, err := os.OpenFile(filepath.Join(d.root, lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrBusy
		}
		return fmt.Errorf("open run %q: %w", d.root, err)
	}
	d.lock = f
	return nil
}

// still tells whether the directory is where it was: moved or removed under the
// run, it must not come back with a few files in it.
func (d *directory) still() error {
	mine, err := d.lock.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(d.lock.Name())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(mine, there) {
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
	return "put it back, or name the place where it is now with --out, and go on from its newest checkpoint with --resume"
}

func (e *goneError) Unwrap() error { return fs.ErrNotExist }

func (d *directory) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}
