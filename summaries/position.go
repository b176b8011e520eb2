package summaries

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alexnet/internal/filesystem"
)

// Position is a position in the event files of a directory: after all files before File, and Size bytes into File.
type Position struct {
	File string `json:"file"` // base name
	Size int64  `json:"size"`
}

// Position returns the position of the next event. Everything before it is on disk.
func (w *Writer) Position() (Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.flush(); err != nil {
		return Position{}, err
	}
	return Position{File: filepath.Base(w.file.Name()), Size: w.size}, nil
}

// Rewind removes everything after a position from the event files in dir that this package wrote: what a run wrote
// after its last checkpoint and will write again. Step numbers are not sufficient, because events of one step may be on
// both sides of the position. The zero position removes nothing.
func Rewind(dir string, to Position) error {
	if to == (Position{}) {
		return nil
	}
	return rewind(dir, to)
}

func rewind(dir string, to Position) error {
	paths, err := Files(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, path := range paths {
		if filepath.Base(path) < to.File || !ownFile(path) {
			continue
		}
		if filepath.Base(path) == to.File {
			err = truncate(path, to.Size)
		} else {
			err = os.Remove(path)
		}
		if err != nil {
			return fmt.Errorf("remove events: %w", err)
		}
	}
	return nil
}

// truncate shortens the file at path to at most size bytes.
func truncate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > size {
		err = errors.Join(f.Truncate(size), filesystem.Sync(f))
	}
	return errors.Join(err, f.Close())
}
