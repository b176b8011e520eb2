package summaries

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Position is how far the event files of a folder go at some moment: to the end
// of the files before File, and to Size bytes of that.
type Position struct {
	File string `json:"file"` // without its folder
	Size int64  `json:"size"`
}

// Position is where the next event will stand. All before it is on the disk.
func (w *Writer) Position() (Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.flush(); err != nil {
		return Position{}, err
	}
	return Position{File: filepath.Base(w.file.Name()), Size: w.size}, nil
}

// Rewind takes from the event files in dir that this package wrote what stands
// after a position: what a run wrote between its last checkpoint and its end,
// and is about to write again. Step numbers alone would not do, since what
// belongs to one step may lie on both sides. The zero position leaves all.
func Rewind(dir string, to Position) error {
	if to == (Position{}) {
		return nil
	}
	paths, err := Files(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, path := range paths {
		if filepath.Base(path) < to.File || !own(path) {
			continue
		}
		if filepath.Base(path) == to.File {
			err = cut(path, to.Size)
		} else {
			err = os.Remove(path)
		}
		if err != nil {
			return fmt.Errorf("rewind event files: %w", err)
		}
	}
	return nil
}

// cut makes the file at path no longer than size.
func cut(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > size {
		err = errors.Join(f.Truncate(size), f.Sync())
	}
	return errors.Join(err, f.Close())
}
