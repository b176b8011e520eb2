package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"alexnet/train"
)

// A disk that fails under a run comes with what to do about it, whether Go or
// TensorFlow met it.
func TestResumeHint(t *testing.T) {
	path := func(n syscall.Errno) error { return &fs.PathError{Op: "write", Path: "run/metrics.csv", Err: n} }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"full":             {path(syscall.ENOSPC), "make room"},
		"full, TensorFlow": {errors.New("save: run/x.data; No space left on device"), "make room"},
		"read-only":        {path(syscall.EROFS), "another --out"},
		"forbidden":        {path(syscall.EACCES), "another --out"},
		"broken":           {path(syscall.EIO), "failing"},
		"busy":             {fmt.Errorf("open run: %w", train.ErrBusy), "wait for it"},
		"interrupted":      {&train.InterruptedError{Cause: errors.New("x"), Checkpoint: "c"}, "alexnet train --out run --resume"},
		"advised already":  {hinted{path(syscall.ENOSPC), "ask"}, "ask"},
		"anything":         {errors.New("no such layer"), ""},
	} {
		got := resumeHint(c.err, "run")
		if hint := hintOf(got); !strings.Contains(hint, c.want) || (hint == "") != (c.want == "") || !errors.Is(got, c.err) {
			t.Errorf("%s: got hint %q of %v, want %q", name, hint, got, c.want)
		}
	}
}
