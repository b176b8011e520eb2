package finetune

import (
	"fmt"
	"path/filepath"
	"strings"

	"alexnet/internal/hint"
)

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
