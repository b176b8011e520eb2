package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

var errExists = errors.New("it exists already and is not empty")

// CheckVacant refuses a path that exists, unless it is an empty directory.
func CheckVacant(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errExists
	}
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		return errExists
	}
	return err
}

// Publish calls write with a temporary path, which must become a file or a directory, and renames it to path. It
// creates missing parent directories, and leaves nothing behind if write fails.
func Publish(path string, write func(tmp string) error) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := CheckVacant(path); err != nil {
		return err
	}
	parent, name := filepath.Split(path)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "."+name+".")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tmp := filepath.Join(dir, name)
	if err := write(tmp); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return Sync(parent)
}
