package regular

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file, pipe, socket := filepath.Join(dir, "file"), filepath.Join(dir, "pipe"), filepath.Join(dir, "socket")
	if err := errors.Join(os.WriteFile(file, []byte("hello"), 0o600), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if got, err := Read(file, 5); err != nil || !bytes.Equal(got, []byte("hello")) {
		t.Errorf("got %q, %v", got, err)
	}
	for path, want := range map[string]error{pipe: Err, socket: Err, dir: Err, "/dev/zero": Err, filepath.Join(dir, "none"): fs.ErrNotExist} {
		if got, err := Read(path, 1<<40); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %q, %v, want %v and the path", path, got, err, want)
		}
	}
	if got, err := Read(file, 4); err == nil || !strings.Contains(err.Error(), "got 5 bytes, want at most 4") {
		t.Errorf("got %q, %v, want it too large", got, err)
	}
}

// The limit is checked before memory is allocated.
func TestReadSparse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<40), f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, 1<<30); err == nil {
		t.Error("got no error for a file of 1 TiB")
	}
}
