// Package regular opens files that are files. What a path from elsewhere leads to may as well be a pipe, at which a
// reader waits forever, or a device that has no end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Err is what the error wraps where there is something else than a file.
var Err = errors.New("is not a regular file")

// Check explains what else than a regular file something is.
func Check(mode fs.FileMode) error {
	kind := "something else"
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%w: got %s, which is never opened", Err, kind)
}

// Open opens a file for reading unless it is a folder, pipe, socket or device. It
// looks before it opens, because to open some of those already has an effect or
// waits, and again at what it has opened. The error is an [*fs.PathError].
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := Check(info.Mode()); err != nil {
		return nil, nil, pathError(path, err)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err = f.Stat()
	if err == nil && Check(info.Mode()) != nil {
		err = pathError(path, Check(info.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func pathError(path string, why error) error { return &fs.PathError{Op: "open", Path: path, Err: why} }

// Read returns the content of a file that has at most so many bytes. The error is
// an [*fs.PathError].
func Read(path string, most int64) ([]byte, error) {
	f, info, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > most {
		return nil, pathError(path, fmt.Errorf("is too large: got %d bytes, want at most %d", info.Size(), most))
	}
	text := make([]byte, info.Size())
	n, err := io.ReadFull(f, text)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		err = nil // it has become shorter since
	}
	return text[:n], err
}
