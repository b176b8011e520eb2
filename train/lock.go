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
func Begun(dir string) bool {
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

// still tells whether the directory is where it was: removed under the run, it
// must not come back with a few files in it.
func (d *directory) still() error {
	mine, err := d.lock.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(d.lock.Name())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(mine, there) {
		return fmt.Errorf("run directory %q was removed while the run trains in it: %w", d.root, fs.ErrNotExist)
	}
	return err
}

func (d *directory) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}
