package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"alexnet/tfgraph"
	"alexnet/train"
)

// diskHint is the hint for a disk error below the run directory out; "" for errors elsewhere, such as in a
// weights file.
func diskHint(err error, out string) string {
	switch e := err.(type) {
	case *fs.PathError:
		if within(out, e.Path) || e.Op == "mkdir" && within(e.Path, out) {
			return diskAdvice(e)
		}
	case *os.LinkError:
		if within(out, e.New) {
			return diskAdvice(e)
		}
	case *tfgraph.Error: // names the file only in its message
		if strings.Contains(e.Message, string(train.Checkpoints(out))) {
			return diskAdvice(e)
		}
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if advice := diskHint(err, out); advice != "" {
				return advice
			}
		}
	case interface{ Unwrap() error }:
		return diskHint(e.Unwrap(), out)
	}
	return ""
}

// within reports whether path is dir or below it.
func within(dir, path string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	if path, err = filepath.Abs(path); err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// diskAdvice matches errno by text too: TensorFlow passes on only the message.
func diskAdvice(err error) string {
	text := strings.ToLower(err.Error())
	says := func(n syscall.Errno) bool { return errors.Is(err, n) || strings.Contains(text, n.Error()) }
	switch {
	case says(syscall.ENOSPC) || says(syscall.EDQUOT):
		return "disk full: free some space and continue with --resume; saved checkpoints are intact"
	case says(syscall.EROFS) || says(syscall.EACCES):
		return "permission denied: choose another --out, or make it writable; saved checkpoints are intact"
	case says(syscall.EIO):
		return "the disk may be failing: copy the run directory to another disk, and continue there with --resume"
	}
	return ""
}
