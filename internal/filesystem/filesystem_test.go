package filesystem

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A call that the file system lacks costs one warning, whatever the files. Any other error stays.
func TestCheck(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	for name, c := range map[string]struct {
		call   *call
		errnos []syscall.Errno
		stay   []syscall.Errno
	}{
		"lock": {&flock, []syscall.Errno{unix.ENOSYS, unix.ENOTSUP, unix.EOPNOTSUPP, unix.ENOLCK, unix.EINVAL},
			[]syscall.Errno{unix.EWOULDBLOCK, unix.EIO, unix.EINTR, unix.EBADF}},
		"sync": {&fsync, []syscall.Errno{unix.ENOSYS, unix.ENOTSUP, unix.EOPNOTSUPP, unix.EINVAL, unix.EBADF, unix.EISDIR},
			[]syscall.Errno{unix.EIO, unix.ENOSPC, unix.EDQUOT, unix.EROFS}},
		"rename": {&replace, []syscall.Errno{unix.EEXIST}, []syscall.Errno{unix.EIO, unix.ENOSPC, unix.EACCES, unix.ENOTEMPTY}},
	} {
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		for _, n := range c.stay {
			if err := c.call.check("a", n); !errors.Is(err, n) {
				t.Errorf("%s: got %v, want %v", name, err, n)
			}
		}
		if err := c.call.check("a", nil); err != nil || log.Len() > 0 {
			t.Errorf("%s: got %v and %q, want neither", name, err, &log)
		}
		for _, n := range c.errnos {
			if err := c.call.check("a", &fs.PathError{Op: "call", Path: "a", Err: n}); err != nil {
				t.Errorf("%s: got %v, want %v to be ignored", name, err, n)
			}
		}
		if got := strings.Count(log.String(), c.call.warning); got != 1 {
			t.Errorf("%s: got %d warnings, want 1: %s", name, got, &log)
		}
	}
}

func TestCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	var files []*os.File
	for range 2 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	if err := errors.Join(Lock(files[0]), Sync(files[0])); err != nil {
		t.Error(err)
	}
	if err := Lock(files[1]); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("got %v, want %v", err, unix.EWOULDBLOCK)
	}
}
