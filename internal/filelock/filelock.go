// Package filelock keeps other processes out of a file or folder. Start with [Acquire].
package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"alexnet/internal/filesystem"
)

// ErrBusy reports that another process holds the lock.
var ErrBusy = errors.New("locked by another process")

// Acquire opens or creates the file at path and locks it exclusively. The lock is held
// until the file is closed or the process ends. On a file system without locks the file is only opened.
func Acquire(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := filesystem.Lock(f); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				err = ErrBusy
			}
			return nil, err
		}
		moved, err := Moved(f)
		if err == nil && !moved {
			return f, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
		// It was renamed or deleted before the lock was acquired: try again.
	}
}

// Moved reports whether the file is no longer at the path it was opened by.
func Moved(f *os.File) (bool, error) {
	locked, err := f.Stat()
	if err != nil {
		return false, err
	}
	current, err := os.Stat(f.Name())
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return err == nil && !os.SameFile(locked, current), err
}
