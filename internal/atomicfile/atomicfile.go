// Package atomicfile replaces files so that a reader, or a process that starts after a crash, finds the old content or
// the new one, never a part. Start with [Write] and, for large content, [Stream]; [Publish] creates a file or a folder.
//
// A new file is written beside the old one, synced, renamed, and its folder is synced.
// [WriteCache] omits the syncs, for files that can be recomputed and carry a
// checksum. After a crash a file named .NAME.DIGITS may remain: [Sweep] removes those.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"alexnet/internal/filesystem"
)

// Write replaces the file at path with data. The file has mode 0644, less the umask.
func Write(path string, data []byte) error {
	return replace(path, true, func(w io.Writer) error { return writeAll(w, data) })
}

// Replace is [Write] for a file that no other process writes. It also removes what crashed processes left beside it.
func Replace(path string, data []byte) error { return errors.Join(Sweep(path, 0), Write(path, data)) }

// Stream is [Write] for what write writes. If write fails, the old file stays.
func Stream(path string, write func(w io.Writer) error) error { return replace(path, true, write) }

// WriteCache is [Write] without syncs: after a power failure the file may be empty or damaged.
func WriteCache(path string, data []byte) error {
	return replace(path, false, func(w io.Writer) error { return writeAll(w, data) })
}

func writeAll(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

func replace(path string, durable bool, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %q: %w", path, err)
		}
	}()
	f, err := createTemp(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once the file is renamed
	err = write(f)
	if err == nil && durable {
		err = filesystem.Sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := filesystem.Rename(f.Name(), path); err != nil || !durable {
		return err
	}
	return Sync(filepath.Dir(path))
}

// createTemp creates the temporary file of path. [os.CreateTemp] gives mode 0600, which file systems without modes cannot
// change.
func createTemp(path string) (f *os.File, err error) {
	for range 1000 {
		name := filepath.Join(filepath.Dir(path), prefix(path)+strconv.FormatUint(uint64(rand.Uint32()), 10))
		if f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); !errors.Is(err, os.ErrExist) {
			break
		}
	}
	return f, err
}

// Sync forces a file or folder to the disk.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(filesystem.Sync(f), f.Close())
}

func prefix(path string) string { return "." + filepath.Base(path) + "." }

// Sweep removes the temporary files that crashed processes left beside path, if they are at least of the given age.
// Only an age of 0 removes all; then no other process may be writing path.
func Sweep(path string, age time.Duration) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("sweep %q: %w", path, err)
	}
	for _, e := range entries {
		if digits, ours := strings.CutPrefix(e.Name(), prefix(path)); !ours || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		if info, err := e.Info(); age > 0 && (err != nil || time.Since(info.ModTime()) < age) {
			continue
		}
		if err := os.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil {
			return fmt.Errorf("sweep %q: %w", path, err)
		}
	}
	return nil
}
