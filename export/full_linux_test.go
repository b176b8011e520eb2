package export_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/export"
	"alexnet/internal/testenv"
)

// A full disk is an error that leaves nothing behind, for the values as for the graph.
func TestWriteOnAFullDisk(t *testing.T) {
	m := newModel(t, "squash", 1)
	for name, size := range map[string]int{"values": 16 << 10, "graph": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			dir := testenv.SmallDisk(t, size)
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
