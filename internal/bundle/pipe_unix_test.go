//go:build unix

package bundle

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Opening a pipe without a writer would block forever.
func TestOpenPipe(t *testing.T) {
	prefix := t.TempDir() + "/pipe"
	if err := unix.Mkfifo(prefix+".index", 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(prefix)
	checkFormat(t, err, "want a file")
}
