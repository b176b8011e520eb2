package train_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"alexnet/alexnet"
	"alexnet/train"
)

// smallDisk is a folder on a disk of four pages: for a features file's header, its
// tags, the index of pictures, and rows.
func smallDisk(t *testing.T) (dir string) {
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("NOT TESTED, a full disk: it takes a file system of 16 KiB, which may not be mounted here: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
	return dir
}

// A disk that is full ends the keeping, not the run.
func TestCacheOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	s := newFrozenStudio(t, 10, 2)
	for _, ex := range slices.Concat(s.train, s.val) { // so that the index is written at once
		must(t, os.Chtimes(ex.Path, time.Time{}, time.Now().Add(-time.Hour)))
	}
	s.layers = alexnet.LayerNames[1:] // pool1 has 392 floats: two rows a page
	cfg := cached
	cfg.Epochs = 2
	anew, _ := s.with(t, cfg, train.Cache{Off: true})
	for _, filled := range []int{2, 0} {
		got, what := s.with(t, cfg, train.Cache{Dir: dir})
		if len(what.notes) != 1 || !strings.Contains(what.notes[0], unix.ENOSPC.Error()) || what.filled != filled {
			t.Errorf("got %+v, want a note about %q after %d pictures", what, unix.ENOSPC, filled)
		}
		same(t, got, anew)
	}
}

// Nor does it end a run that finds a row altered and has no room for it.
func TestCacheMendedOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	s := newFrozenStudio(t, 2, 0)
	s.layers = alexnet.LayerNames[1:]
	cfg := cached
	whole, _ := s.with(t, cfg, train.Cache{Dir: dir})
	s.cache = train.Cache{Dir: dir}
	job := s.job(t, cfg, t.TempDir(), nil)
	what := listen(&job)
	alter(t, cacheFiles(t, dir)[0], rows+1568+50)
	must(t, train.Run(context.Background(), cfg, job))
	if what.filled != 0 || what.notes != nil {
		t.Errorf("got %+v, want nothing computed beforehand and no note", what)
	}
	same(t, job.Dir, whole)
}
