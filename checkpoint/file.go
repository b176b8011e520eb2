package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// mostText is how large a file beside the values may be.
const maxTextSize = 64 << 20

// WriteFile replaces path by data or leaves it as it was: it writes a file
// beside it, syncs that, renames it, and syncs the folder.
func WriteFile(path string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %q: %w", path, err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once the file has its own name
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return Sync(filepath.Dir(path))
}

// SweepFile removes what processes that died in [WriteFile] left beside path.
// Nothing else may be writing it.
func SweepFile(path string) error {
	left, err := filepath.Glob(escapeGlob(filepath.Join(filepath.Dir(path), "."+filepath.Base(path))) + ".[0-9]*")
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// writeSynced writes a file of a name that nobody reads yet.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// Sync forces a file or folder to the disk.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
