package export_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"alexnet/export"
)

// A full disk is an error that leaves nothing behind, for the values as for the graph.
func TestWriteOnAFullDisk(t *testing.T) {
	m := newModel(t, "squash", 1)
	for name, size := range map[string]string{"values": "16k", "graph": "64k"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
				t.Skipf("NOT TESTED, a full disk: it takes a file system of %s, which may not be mounted here: %v", size, err)
			}
			t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
			_, _, err := export.SavedModel(context.Background(), filepath.Join(dir, "model"), m.Source, options)
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), "no space left on device") {
				t.Errorf("got %v, want no space left", err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("got %v left behind, want nothing", left)
			}
		})
	}
}
