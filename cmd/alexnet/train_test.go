package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"alexnet/internal/hint"
	"alexnet/internal/rundir"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
	"alexnet/train"
)

// A disk error below the run directory, reported by Go or TensorFlow, has a hint, and so has an interruption, with
// the command to resume if there is a checkpoint. Errors elsewhere get no hint about the run directory.
func TestResumeHint(t *testing.T) {
	dir := t.TempDir()
	run, fresh := filepath.Join(dir, "run"), filepath.Join(dir, "sub", "fresh")
	if err := testmodel.Write(run, "cat", "dog"); err != nil {
		t.Fatal(err)
	}
	at := func(op, path string, n syscall.Errno) error { return &fs.PathError{Op: op, Path: path, Err: n} }
	path := func(n syscall.Errno) error { return at("write", filepath.Join(run, "metrics.csv"), n) }
	fromTF := func(path string) error {
		return fmt.Errorf("save: %w", &tfgraph.Error{Op: "run session", Code: 8, Message: path + "; No space left on device"})
	}
	stopped := &train.InterruptedError{Cause: signalError{syscall.SIGINT}}
	for name, c := range map[string]struct {
		out  string
		err  error
		want string
	}{
		"full":                  {run, path(syscall.ENOSPC), "free some space"},
		"full, renaming":        {run, &os.LinkError{Op: "rename", Old: "x", New: filepath.Join(run, "x"), Err: syscall.ENOSPC}, "free some space"},
		"full, TensorFlow":      {run, fromTF(filepath.Join(run, "checkpoints", "x.data")), "free some space"},
		"full elsewhere":        {run, fromTF(filepath.Join(dir, "x.data")), ""},
		"read-only":             {run, path(syscall.EROFS), "another --out"},
		"forbidden":             {run, path(syscall.EACCES), "another --out"},
		"forbidden to make":     {fresh, at("mkdir", filepath.Join(dir, "sub"), syscall.EACCES), "another --out"},
		"forbidden weights":     {run, fmt.Errorf("read weights: %w", at("open", filepath.Join(dir, "w.npy"), syscall.EACCES)), ""},
		"I/O error":             {run, path(syscall.EIO), "failing"},
		"I/O error of an image": {run, at("read", filepath.Join(dir, "photos", "a.jpg"), syscall.EIO), ""},
		"busy":                  {run, fmt.Errorf("open run: %w", rundir.ErrBusy), "wait for it"},
		"interrupted":           {run, stopped, "alexnet train --out " + run + " --resume"},
		"interrupted, fresh":    {fresh, stopped, "the same command"},
		"interrupted, full":     {run, errors.Join(stopped, path(syscall.ENOSPC)), "free some space"},
		"with a hint":           {run, hint.With(path(syscall.ENOSPC), "ask"), "ask"},
		"anything":              {run, errors.New("no such layer"), ""},
	} {
		got := resumeHint(c.err, c.out)
		if hint := hint.Of(got); !strings.Contains(hint, c.want) || (hint == "") != (c.want == "") || !errors.Is(got, c.err) {
			t.Errorf("%s: got hint %q of %v, want %q", name, hint, got, c.want)
		}
	}
}

// A signal's exit code means that nothing else failed.
func TestExitCode(t *testing.T) {
	signalled, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{syscall.SIGTERM})
	stopped := &train.InterruptedError{Cause: context.Cause(signalled), Checkpoint: "c"}
	full := &fs.PathError{Op: "write", Path: "run/x", Err: syscall.ENOSPC}
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"interrupted":         {signalled, hint.With(stopped, "resume"), 143},
		"while it prepared":   {signalled, fmt.Errorf("read: %w", context.Canceled), 143},
		"twice":               {signalled, errors.Join(stopped, context.Canceled), 143},
		"the save failed":     {signalled, hint.With(errors.Join(stopped, full), "free some space"), exitFailure},
		"something else":      {signalled, full, exitFailure},
		"a server cut off":    {signalled, serveError{context.Canceled}, exitFailure},
		"no signal":           {t.Context(), full, exitFailure},
		"no signal, canceled": {t.Context(), context.Canceled, exitFailure},
		"usage":               {signalled, usageError{errors.New("x")}, exitUsage},
	} {
		if got := exitCode(c.ctx, c.err); got != c.want {
			t.Errorf("%s: got exit code %d, want %d", name, got, c.want)
		}
	}
}
