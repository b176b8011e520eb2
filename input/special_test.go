//go:build unix

package input

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSpecialFilesAreNotOpened(t *testing.T) {
	dir := writeDataset(t, []string{"cat/1.png", "dog/1.png"})
	pipe := filepath.Join(dir, "cat/pipe.png")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skipf("cannot create a named pipe: %v", err)
	}
	symlink(t, "/dev/zero", filepath.Join(dir, "dog/zero.png"))
	d, err := Open(dir, Options{}) // would block if it opened the pipe
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Excluded) != 2 || !strings.Contains(d.Excluded[0].Reason, "a named pipe") || !strings.Contains(d.Excluded[1].Reason, "a device") {
		t.Errorf("got excluded %v", d.Excluded)
	}
	if _, err := checkFile(pipe, Options{}); err == nil || !strings.Contains(err.Error(), "a named pipe") {
		t.Errorf("got %v", err)
	}
}
