package featurecache_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"alexnet/internal/featurecache"
	"alexnet/internal/testenv"
)

// On a disk that is full a row is not kept, and the file holds what it held.
func TestFileOnAFullDisk(t *testing.T) {
	const wide = 1024 // rows of a page, of which the disk has 16: one for the header and one for the tags
	dir := testenv.SmallDisk(t, 64<<10)
	const letters = "abcdefghijklmnopqrstuvwxyz"
	all := images(t, letters)
	f, err := featurecache.OpenFile(context.Background(), dir, key, wide, all, featurecache.Options{})
	must(t, err)
	row := make([]float32, wide)
	whole := 0
	for ; err == nil && whole < len(letters); whole++ {
		row[wide-1] = float32(whole)
		err = f.Write(whole, row)
	}
	whole--
	if !errors.Is(err, unix.ENOSPC) || whole < 10 || f.Has(whole) {
		t.Fatalf("got %v after %d rows, has it %v, want %v after about 12", err, whole, f.Has(whole), unix.ENOSPC)
	}
	if got, want := size(t, only(t, dir)), int64(rows+whole*4*wide); got != want {
		t.Errorf("got %d bytes, want the %d of %d rows", got, want, whole)
	}
	must(t, f.Close())
	f, err = featurecache.OpenFile(context.Background(), dir, key, wide, all, featurecache.Options{})
	must(t, err)
	for i := range letters {
		err := f.Read(i, row)
		if i < whole && (err != nil || row[wide-1] != float32(i)) || i >= whole && !errors.Is(err, featurecache.ErrMissing) {
			t.Errorf("image %d: got %v, %v, want the first %d rows", i, row[wide-1], err, whole)
		}
	}
	must(t, f.Close())
}

// Where nothing can be written, that is said and nothing is kept.
func TestFileOnAReadOnlyDisk(t *testing.T) {
	dir := testenv.SmallDisk(t, 1<<20)
	path := keep(t, dir, "a")
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err := featurecache.OpenFile(context.Background(), dir, key, width, images(t, "a"), featurecache.Options{})
	if !errors.Is(err, unix.EROFS) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want %v and the name %q", err, unix.EROFS, path)
	}
}
