package finetune

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alexnet/internal/hint"
	"alexnet/train"
)

// vacant refuses to begin a run in dir over files of its names that no run has
// written.
func vacant(dir string) error {
	if train.HasCheckpoints(dir) {
		return nil
	}
	for _, path := range []string{ConfigFile(dir), filepath.Join(dir, "metrics.csv"), ExcludedFile(dir), DatasetFile(dir)} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return hint.With(fmt.Errorf("open run %q: %q is there, which no run has written", dir, path), "name another --out, or move that file")
		}
	}
	return nil
}

// apart refuses a run directory inside the folders of pictures, where its own
// files would count among them.
func (c Config) apart(dir string) error {
	folders := []string{c.Data}
	if isPath(c.Val) {
		folders = append(folders, c.Val)
	}
	for _, folder := range folders {
		inside, err := filepath.Rel(real(folder), real(dir))
		if err == nil && filepath.IsLocal(inside) && (inside == "." || !strings.Contains("/"+inside, "/.")) { // what is hidden is not read
			return hint.With(fmt.Errorf("open run %q: it lies inside %q, whose pictures it would be among", dir, folder), "name an --out outside of it")
		}
	}
	return nil
}

// real is an absolute path without links, of which the end may not exist yet.
func real(path string) string {
	path = absolute(path)
	if found, err := filepath.EvalSymlinks(path); err == nil || path == filepath.Dir(path) {
		return found
	}
	return filepath.Join(real(filepath.Dir(path)), filepath.Base(path))
}
