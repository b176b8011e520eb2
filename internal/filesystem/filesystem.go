// Package filesystem makes the calls that some file systems lack: Lustre has no locks, SMB and the shared folders of
// virtual machines do not sync folders. Start with [Lock], [Sync] and [Rename]. Where a call is missing the program
// continues without it, with one warning in [slog.Default] for each kind of call.
package filesystem

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// call is one that a file system may lack.
type call struct {
	missing []syscall.Errno // the errors that mean that it does
	warning string
	warn    sync.Once
}

var (
	flock = call{missing: []syscall.Errno{unix.ENOSYS, unix.EOPNOTSUPP, unix.ENOLCK, unix.EINVAL},
		warning: "this file system has no locks: two processes that write the same run directory or feature cache damage it"}
	fsync = call{missing: []syscall.Errno{unix.ENOSYS, unix.EOPNOTSUPP, unix.EINVAL, unix.EBADF, unix.EISDIR},
		warning: "this file system cannot sync folders: a power failure may lose the newest files"}
	replace = call{missing: []syscall.Errno{unix.EEXIST},
		warning: "this file system cannot rename over a file: a crash may lose a file that is being replaced"}
)

// check returns nil for an error that means that the file system lacks the call.
func (c *call) check(path string, err error) error {
	if !slices.ContainsFunc(c.missing, func(n syscall.Errno) bool { return errors.Is(err, n) }) {
		return err
	}
	c.warn.Do(func() { slog.Warn(c.warning, "path", path, "reason", err) })
	return nil
}

// Lock locks f exclusively without waiting: [unix.EWOULDBLOCK] if another process has locked it.
func Lock(f *os.File) error {
	return flock.check(f.Name(), unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

// Rename renames a file, which may replace another one. Where renaming cannot, the other one is removed first.
func Rename(from, to string) error {
	err := os.Rename(from, to)
	if err == nil {
		return nil
	}
	if info, statErr := os.Lstat(to); statErr != nil || !info.Mode().IsRegular() || replace.check(to, err) != nil {
		return err
	}
	if err := os.Remove(to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Sync forces a file or folder to the disk.
func Sync(f *os.File) error { return fsync.check(f.Name(), f.Sync()) }
