package hostile

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Digest lists the entries below a folder, a line each: path, mode, modification time and, for a regular file, the SHA-256
// of its content. Reading files does not change it.
func Digest(dir string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "%q %v %d", path, info.Mode(), info.ModTime().UnixNano())
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			fmt.Fprintf(&all, " %x %v", sha256.Sum256(text), err)
		}
		all.WriteByte('\n')
		return nil
	})
	return all.String(), err
}
