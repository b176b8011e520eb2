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

// diskHint says what to do about a disk that fails under the run directory out.
// What fails elsewhere, such as a file of weights, is not its business.
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
	case *tfgraph.Error: // names the file in its words
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

// within tells whether path is dir or lies below it.
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

// adviceOn goes by what the system says, which TensorFlow passes on only in words.
func diskAdvice(err error) string {
	text := strings.ToLower(err.Error())
	says := func(n syscall.Errno) bool { return errors.Is(err, n) || strings.Contains(text, n.Error()) }
	switch {
	case says(syscall.ENOSPC) || says(syscall.EDQUOT):
		return "make room on the disk; what was saved is whole, and --resume goes on from it"
	case says(syscall.EROFS) || says(syscall.EACCES):
		return "the folder cannot be written to: name another --out, or make it writable; what was saved is whole"
	case says(syscall.EIO):
		return "the disk may be failing: copy the run directory to another one, and go on there with --resume"
	}
	return ""
}
