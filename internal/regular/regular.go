// Package regular opens regular files only. A path from elsewhere may name a pipe, on which a reader blocks forever, or
// a device without an end. Start with [Open] and [Read].
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Err is wrapped by the error for anything else than a regular file.
var Err = errors.New("is not a regular file")

// Check returns an error that names the kind of a file that is not regular.
func Check(mode fs.FileMode) error {
	kind := "an irregular file"
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
	return fmt.Errorf("%w: got %s", Err, kind)
}

// Open opens a regular file for reading. It checks the type before opening, because opening a pipe or device may block
// or have an effect, and again afterwards. The error is an [*fs.PathError].
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

// Reason is err without the operating system's verb and path, for a message that names the path already.
func Reason(err error) error {
	if e, ok := err.(*fs.PathError); ok {
		return e.Err
	}
	return err
}

func pathError(path string, why error) error { return &fs.PathError{Op: "open", Path: path, Err: why} }

// Read returns the content of a regular file of at most limit bytes. The error is an [*fs.PathError].
func Read(path string, limit int64) ([]byte, error) {
	f, info, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > limit {
		return nil, pathError(path, fmt.Errorf("is too large: got %d bytes, want at most %d", info.Size(), limit))
	}
	text := make([]byte, info.Size())
	n, err := io.ReadFull(f, text)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		err = nil // it was truncated since
	}
	return text[:n], err
}
