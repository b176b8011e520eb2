package hostile

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Digest says what is below a folder, a line each: path, mode, time of change,
// and the SHA-256 of what a regular file holds. Who only reads it leaves the
// digest as it is.
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
