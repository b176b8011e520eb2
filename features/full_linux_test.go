package features_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"alexnet/features"
)

// On a disk that is full a row is not kept, and the file holds what it held.
func TestFileOnAFullDisk(t *testing.T) {
	const wide = 1000 // rows of about a page, of which the disk has 16
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("NOT TESTED, a full disk: it takes a file system of 64 KiB, which may not be mounted here: %v", err)
	}
	defer func() { must(t, unix.Unmount(dir, 0)) }()
	const letters = "abcdefghijklmnopqrstuvwxyz"
	f, err := features.OpenFile(dir, key, wide, pictures(letters))
	must(t, err)
	row := make([]float32, wide)
	whole := 0
	for ; err == nil && whole < len(letters); whole++ {
		row[wide-1] = float32(whole)
		err = f.Write(whole, row)
	}
	whole--
	if !errors.Is(err, unix.ENOSPC) || whole < 10 || f.Has(whole) {
		t.Fatalf("got %v after %d rows, has it %v, want %v after about 15", err, whole, f.Has(whole), unix.ENOSPC)
	}
	if got, want := size(t, only(t, dir)), int64(header+whole*(tag+4*wide)); got != want {
		t.Errorf("got %d bytes, want the %d of %d rows", got, want, whole)
	}
	must(t, f.Close())
	f, err = features.OpenFile(dir, key, wide, pictures(letters))
	must(t, err)
	for i := range letters {
		err := f.Read(i, row)
		if i < whole && (err != nil || row[wide-1] != float32(i)) || i >= whole && !errors.Is(err, features.ErrMissing) {
			t.Errorf("picture %d: got %v, %v, want the first %d rows", i, row[wide-1], err, whole)
		}
	}
	must(t, f.Close())
}
