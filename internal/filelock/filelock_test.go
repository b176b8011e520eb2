package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestAcquire(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(path); !errors.Is(err, ErrBusy) {
		t.Errorf("a second lock: got %v, want %v", err, ErrBusy)
	}
	if moved, err := Moved(f); moved || err != nil {
		t.Errorf("got moved %v, %v, want it in place", moved, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if moved, err := Moved(f); !moved || err != nil {
		t.Errorf("removed: got moved %v, %v, want true", moved, err)
	}
	again, err := Acquire(path)
	if err != nil {
		t.Fatalf("a new file of that name: got %v, want it locked", err)
	}
	if moved, err := Moved(f); !moved || err != nil {
		t.Errorf("replaced: got moved %v, %v, want true", moved, err)
	}
	if err := errors.Join(f.Close(), again.Close()); err != nil {
		t.Error(err)
	}
}
