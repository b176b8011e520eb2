package train_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/testenv"
	"alexnet/train"
)

// A disk that is full ends the keeping, not the run.
func TestCacheOnAFullDisk(t *testing.T) {
	dir := testenv.SmallDisk(t, 3<<12) // pages for the header, the tags and rows
	s := newFrozenFixture(t, 10, 2)
	s.layers = alexnet.BVLC.LayerNames()[1:] // pool1 has 392 floats: two rows a page
	cfg := cached
	cfg.Epochs = 2
	recomputed, _ := s.with(t, cfg, train.Cache{Off: true})
	for range 2 {
		got, what := s.with(t, cfg, train.Cache{Dir: dir})
		if len(what.notes) != 1 || !strings.Contains(what.notes[0], unix.ENOSPC.Error()) || what.filled != 2 {
			t.Errorf("got %+v, want a note about %q after %d images", what, unix.ENOSPC, 2)
		}
		same(t, got, recomputed)
	}
}

// A run directory that can only be read is refused, and its checkpoints stay.
func TestReadOnlyDirectory(t *testing.T) {
	disk := testenv.SmallDisk(t, 16<<20)
	s := newFixture(t, 6, 2)
	dir, cfg := filepath.Join(disk, "run"), simple
	must(t, runJob(context.Background(), cfg, s.job(t, cfg, dir, nil)))
	before := bundle(t, dir)
	must(t, unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	cfg.Epochs = 2
	for name, c := range map[string]struct {
		dir  string
		from *checkpoint.Meta
	}{"resumed": {dir, latest(t, dir)}, "begun": {filepath.Join(disk, "other"), nil}} {
		err := runJob(context.Background(), cfg, s.job(t, cfg, c.dir, c.from))
		if !errors.Is(err, unix.EROFS) || !strings.Contains(err.Error(), c.dir) {
			t.Errorf("%s: got %v, want %v and the name %q", name, err, unix.EROFS, c.dir)
		}
	}
	if m, damaged, err := train.Checkpoints(dir).Newest(context.Background()); m.Epoch != 1 || damaged != nil || err != nil || !bytes.Equal(bundle(t, dir), before) {
		t.Errorf("got %q, %v, %v afterwards, want the first epoch's as it was", m.Name, damaged, err)
	}
}

// Nor does it end a run that finds a row altered and has no room for it.
func TestCacheRepairsRowOnAFullDisk(t *testing.T) {
	dir := testenv.SmallDisk(t, 3<<12)
	s := newFrozenFixture(t, 2, 0)
	s.layers = alexnet.BVLC.LayerNames()[1:]
	cfg := cached
	whole, _ := s.with(t, cfg, train.Cache{Dir: dir})
	s.cache = train.Cache{Dir: dir}
	job := s.job(t, cfg, t.TempDir(), nil)
	what := listen(&job)
	alter(t, cacheFiles(t, dir)[0], rows+1568+50)
	must(t, runJob(context.Background(), cfg, job))
	if what.filled != 0 || what.notes != nil {
		t.Errorf("got %+v, want nothing computed beforehand and no note", what)
	}
	same(t, job.Dir, whole)
}
