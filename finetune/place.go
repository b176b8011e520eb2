package finetune

import (
	"fmt"
	"path/filepath"
	"strings"

	"alexnet/internal/hint"
)

// checkOutside returns an error if the run directory is inside the dataset, where its own files would be read as images.
func (c Config) checkOutside(dir string) error {
	folders := []string{c.Data}
	if isPath(c.Val) {
		folders = append(folders, c.Val)
	}
	for _, folder := range folders {
		inside, err := filepath.Rel(real(folder), real(dir))
		if err == nil && filepath.IsLocal(inside) && (inside == "." || !strings.Contains("/"+inside, "/.")) { // hidden folders are not read
			return hint.With(fmt.Errorf("open run %q: it is inside the dataset %q", dir, folder), "name an --out outside of it")
		}
	}
	return nil
}

// real returns an absolute path without links. Its last elements may not exist yet.
func real(path string) string {
	path = absolute(path)
	if found, err := filepath.EvalSymlinks(path); err == nil || path == filepath.Dir(path) {
		return found
	}
	return filepath.Join(real(filepath.Dir(path)), filepath.Base(path))
}
