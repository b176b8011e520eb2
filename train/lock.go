package train

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrBusy reports that another process trains in the run directory.
var ErrBusy = errors.New("another process trains here")

// takeLock keeps a second process out until close, or until this one dies.
func (d *directory) takeLock() error {
	f, err := os.OpenFile(filepath.Join(d.root, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
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

func (d *directory) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}
