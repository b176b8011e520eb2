package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/train"
)

// cached are the settings of most tests here.
var cached = train.Config{Epochs: 3, Batch: 7, LearningRate: 1e-3, Optimizer: ops.Adam, Dropout: .5, Seed: 7, DisplayEvery: 2}

// newFrozenStudio trains the last two layers of a tiny network: what is kept of
// each image is fc6's output, whose last bits depend on the image's place
// among those computed at once.
func newFrozenFixture(t testing.TB, trained, validated int) *fixture {
	s := newFixture(t, trained, validated)
	s.layers = []string{"fc7", "fc8"}
	return s
}

// said is what a run told of its frozen layers.
type notices struct {
	filled int // images whose features were computed beforehand
	notes  []string
}

// listen lets what the run says be recorded.
func listen(job *train.Job) *notices {
	s := new(notices)
	observe(job).onNote = func(text string) { s.notes = append(s.notes, text) }
	observe(job).onCache = func(f train.CacheProgress) {
		if f.Done > 0 {
			s.filled++
		}
	}
	return s
}

// with does a whole run with the cache.
func (s *fixture) with(t testing.TB, cfg train.Config, cache train.Cache) (dir string, what *notices) {
	t.Helper()
	s.cache, dir = cache, t.TempDir()
	job := s.job(t, cfg, dir, nil)
	what = listen(&job)
	must(t, runJob(context.Background(), cfg, job))
	return dir, what
}

// cacheFiles are the files in a cache folder.
func cacheFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.features"))
	must(t, err)
	return files
}

// near checks that two runs came to the same but for last bits.
func (s *fixture) near(t *testing.T, got, want string) {
	t.Helper()
	g, w := s.variables(t, frozenLayers(t, got)), s.variables(t, frozenLayers(t, want))
	for name := range w {
		for i, v := range w[name] {
			if d := g[name][i] - v; d < -1e-4 || d > 1e-4 {
				t.Fatalf("%s[%d]: got %v, want %v", name, i, g[name][i], v)
			}
		}
	}
}

func frozenLayers(t testing.TB, dir string) string {
	t.Helper()
	return train.Checkpoints(dir).Prefix(newest(t, dir))
}

// Runs are bit-identical wherever features are cached, whether they were cached before or one had to be recomputed.
// Without a cache they differ in the last bits.
func TestCacheChangesNothing(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 40, 5)
	shared := t.TempDir()
	whole, what := s.with(t, cached, train.Cache{})
	if what.filled != 45 || what.notes != nil {
		t.Errorf("in memory: got %+v, want 45 computed and no note", what)
	}
	check := func(name string, cache train.Cache, filled int) (dir string) {
		t.Helper()
		dir, what := s.with(t, cached, cache)
		if what.filled != filled || what.notes != nil {
			t.Errorf("%s: got %+v, want %d computed and no note", name, what, filled)
		}
		t.Run(name, func(t *testing.T) { same(t, dir, whole) })
		return dir
	}
	off, what := s.with(t, cached, train.Cache{Off: true})
	if what.filled != 0 || what.notes != nil {
		t.Errorf("off: got %+v, want none computed beforehand and no note", what)
	}
	s.near(t, off, whole)
	check("in a folder", train.Cache{Dir: shared}, 45)
	check("in a folder that has them", train.Cache{Dir: shared}, 0)
	beyond := check("beyond the budget", train.Cache{Budget: 1}, 45)
	if files := cacheFiles(t, filepath.Join(beyond, "cache")); len(files) != 1 {
		t.Errorf("beyond the budget: got files %q, want one in the run directory", files)
	}

	file := cacheFiles(t, shared)
	if len(file) != 1 {
		t.Fatalf("got files %q, want one", file)
	}
	const record = 4 * 16
	alter(t, file[0], rows+22*record+50) // in the row of the 23rd of 45 records
	before, err := os.Stat(file[0])
	must(t, err)
	check("in a folder, a row altered", train.Cache{Dir: shared}, 0)
	after, err := os.Stat(file[0])
	must(t, err)
	if after.Size() != before.Size() {
		t.Errorf("got a file of %d bytes after the altered row, want it repaired in place, in %d", after.Size(), before.Size())
	}
	check("in a folder, a repaired row", train.Cache{Dir: shared}, 0)
	must(t, os.Truncate(file[0], rows+32*record+9))
	check("in a folder, its end lost", train.Cache{Dir: shared}, 13)
}

// rows is where a features file's first row stands: after the header and the tags
// of 4,096 records.
const rows = 4096 + 4096*40

// alter flips a bit of the byte at an offset.
func alter(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	must(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b[:], at)
	must(t, err)
}

// Dropout is on in what these runs are told to be equal in: without it they
// come to another result.
func TestCachedRunsUseDropout(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 8, 0)
	cfg := cached
	cfg.Epochs = 1
	with, _ := s.with(t, cfg, train.Cache{})
	cfg.Dropout = 0
	without, _ := s.with(t, cfg, train.Cache{})
	if bytes.Equal(bundle(t, with), bundle(t, without)) {
		t.Error("dropout of one half changed nothing")
	}
}

// Images may come and go between two runs of one cache: only groups with a new one
// are computed, and copies have one row.
func TestCacheOutlivesImages(t *testing.T) {
	s := newFrozenFixture(t, 10, 2)
	shared, all := t.TempDir(), s.train
	cfg := cached
	cfg.Epochs = 1
	s.train = all[:6]
	s.with(t, cfg, train.Cache{Dir: shared})
	s.train = slices.Concat(all[8:], all[:3], all[8:9])
	_, what := s.with(t, cfg, train.Cache{Dir: shared})
	text, err := os.Stat(cacheFiles(t, shared)[0])
	must(t, err)
	if records := (text.Size() - rows) / (4 * 16); records != 10 {
		t.Errorf("got %d records, want one for each of 10 contents", records)
	}
	if what.filled != 6 {
		t.Errorf("got %d computed, want the whole group of 6 that the 3 new images are in", what.filled)
	}
	_, what = s.with(t, cfg, train.Cache{Dir: shared})
	if what.filled != 0 {
		t.Errorf("got %d computed, want none", what.filled)
	}
}

// What the features depend on makes another file; what they do not, does not.
func TestCacheKey(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 4, 0)
	shared := t.TempDir()
	cfg := cached
	cfg.Epochs = 1
	run := func(name string, files, filled int) {
		t.Helper()
		_, what := s.with(t, cfg, train.Cache{Dir: shared})
		if got := len(cacheFiles(t, shared)); got != files || what.filled != filled {
			t.Errorf("%s: got %d files and %d computed, want %d and %d", name, got, what.filled, files, filled)
		}
	}
	run("at first", 1, 4)
	cfg.Batch, cfg.Optimizer, cfg.LearningRate, cfg.Dropout = 2, ops.GradientDescent, 1e-4, 0
	run("other settings of the loop", 1, 0)
	s.layers = []string{"fc6", "fc7", "fc8"}
	run("other layers frozen", 2, 4)
	s.layers = []string{"fc7", "fc8"}
	cfg.Seed++ // of the initial values, the frozen layers' too
	run("other weights", 3, 4)
	cfg.Seed--
	s.preprocessing = tiny.Preprocessing(alexnet.Crop, true, classes)
	run("another resize rule", 4, 4)
	s.preprocessing = tiny.Preprocessing(alexnet.Squash, false, classes)
	run("another orientation rule", 5, 4)
	s.preprocessing = tiny.Preprocessing(alexnet.Squash, true, []string{"blue", "red"})
	run("classes of other names", 5, 0)
	s.network.LRN = alexnet.LRNKernel
	run("another form of the network", 6, 4)
}

// The features move with the layers that are trained.
func TestCacheBoundary(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 6, 2)
	cfg := cached
	cfg.Epochs = 1
	for name, c := range map[string]struct {
		layers []string
		width  int64
	}{
		"fc8":    {[]string{"fc8"}, 16},
		"gap":    {[]string{"fc6", "fc8"}, 8},
		"conv2…": {alexnet.BVLC.LayerNames()[1:], 7 * 7 * 8},
	} {
		t.Run(name, func(t *testing.T) {
			s.layers = c.layers
			shared := t.TempDir()
			off, _ := s.with(t, cfg, train.Cache{Off: true})
			dir, _ := s.with(t, cfg, train.Cache{Dir: shared})
			s.near(t, dir, off)
			info, err := os.Stat(cacheFiles(t, shared)[0])
			must(t, err)
			if got, want := info.Size(), rows+8*4*c.width; got != want {
				t.Errorf("got a file of %d bytes, want %d: 8 rows of %d", got, want, c.width)
			}
		})
	}
}

// Fed with features, a step equals that of the whole network.
func TestCachedRunIsThatOfTheWholeNetwork(t *testing.T) {
	s := newFrozenFixture(t, 6, 2)
	cfg := cached
	cfg.Epochs, cfg.Dropout, cfg.Optimizer, cfg.LearningRate = 2, 0, ops.GradientDescent, .01
	kept, _ := s.with(t, cfg, train.Cache{})
	whole := t.TempDir()
	job := s.job(t, cfg, whole, nil)
	job.Network.Boundary.Op = nil
	what := listen(&job)
	must(t, runJob(context.Background(), cfg, job))
	if what.filled != 0 {
		t.Errorf("got %d computed beforehand, want none without a boundary", what.filled)
	}
	s.near(t, kept, whole)
}

// Wherever the features are, an interrupted run resumes as if it had not been,
// also from where another cache was used.
func TestResumeWithCache(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 40, 3)
	shared := t.TempDir()
	cfg := cached
	cfg.Epochs, cfg.DisplayEvery = 2, 1
	whole, _ := s.with(t, cfg, train.Cache{})
	recomputed, _ := s.with(t, cfg, train.Cache{Off: true})
	for name, caches := range map[string][2]train.Cache{
		"memory":      {{}, {}},
		"folder":      {{Dir: shared}, {Dir: shared}},
		"run":         {{Budget: 1}, {Budget: 1}},
		"off":         {{Off: true}, {Off: true}},
		"off, folder": {{Off: true}, {Dir: shared}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s.cache = caches[0]
			if stop := s.interrupted(t, cfg, dir, afterStep(2)); stop.Step != 2 || stop.Checkpoint == "" {
				t.Errorf("got %+v, want it in the middle of the first epoch", stop)
			}
			s.cache = caches[1]
			s.interrupted(t, cfg, dir, afterStep(6)) // the epoch's last
			s.interrupted(t, cfg, dir, afterStep(11))
			s.resume(t, cfg, dir)
			switch {
			case caches[1].Off:
				same(t, dir, recomputed)
			case caches[0].Off:
				s.near(t, dir, whole)
			default:
				same(t, dir, whole)
			}
		})
	}
}

// Nothing is computed for a run that is done.
func TestFinishedRunComputesNothing(t *testing.T) {
	s := newFrozenFixture(t, 4, 0)
	cfg := cached
	cfg.Epochs = 1
	dir, _ := s.with(t, cfg, train.Cache{})
	job := s.job(t, cfg, dir, latest(t, dir))
	what := listen(&job)
	must(t, runJob(context.Background(), cfg, job))
	if what.filled != 0 {
		t.Errorf("got %d computed, want none", what.filled)
	}
}

// A cache that cannot be had is a note, and the run resumes as without one.
func TestCacheFallsBack(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 10, 2)
	cfg := cached
	cfg.Epochs = 2
	recomputed, _ := s.with(t, cfg, train.Cache{Off: true})
	whole, _ := s.with(t, cfg, train.Cache{})
	shared := t.TempDir()
	text := []byte("somebody's own notes, which have nothing to do with the features of any images")

	busy := s.job(t, cfg, t.TempDir(), nil)
	busy.Cache.Dir = shared
	observe(&busy).onEpoch = func(e train.EpochResult) {
		if e.Epoch == 1 {
			fallsBack(t, s, cfg, shared, recomputed, "another process")
		}
	}
	must(t, runJob(context.Background(), cfg, busy))
	same(t, busy.Dir, whole)

	file := cacheFiles(t, shared)[0]
	must(t, os.WriteFile(file, text, 0o644))
	dir, what := s.with(t, cfg, train.Cache{Dir: shared})
	if len(what.notes) != 1 || !strings.Contains(what.notes[0], file) || what.filled != 12 {
		t.Errorf("got %+v, want a note that names %q, and all computed", what, file)
	}
	same(t, dir, whole)
	if got, err := os.ReadFile(file + ".foreign"); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %q, %v, want a foreign file kept beside ours", got, err)
	}
	must(t, os.WriteFile(file, text, 0o644))
	fallsBack(t, s, cfg, shared, recomputed, file)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %d bytes, %v, want a second foreign file left as it was", len(got), err)
	}
	fallsBack(t, s, cfg, file, recomputed, "not a directory")
}

// fallsBack checks a run whose cache folder is of no use.
func fallsBack(t *testing.T, s *fixture, cfg train.Config, cache, recomputed, says string) {
	t.Helper()
	dir, what := s.with(t, cfg, train.Cache{Dir: cache})
	if len(what.notes) != 1 || !strings.Contains(what.notes[0], says) {
		t.Errorf("got notes %q, want one about %q", what.notes, says)
	}
	same(t, dir, recomputed)
}

// Stopped while the features are computed, a run has nothing to save; a file
// keeps what was computed.
func TestCancelWhileCaching(t *testing.T) {
	s := newFrozenFixture(t, 40, 0)
	shared := t.TempDir()
	cfg := cached
	cfg.Epochs = 1
	whole, _ := s.with(t, cfg, train.Cache{})
	for name, cache := range map[string]train.Cache{"memory": {}, "folder": {Dir: shared}} {
		s.cache = cache
		dir := t.TempDir()
		stop := s.interrupted(t, cfg, dir, func(job *train.Job, cancel func()) {
			observe(job).onCache = func(f train.CacheProgress) {
				if f.Done == 5 {
					cancel()
				}
			}
		})
		if stop.Step != 0 || stop.Checkpoint != "" || names(t, dir) != nil {
			t.Errorf("%s: got %+v, want it before the first step and no checkpoint", name, stop)
		}
	}
	dir, what := s.with(t, cfg, train.Cache{Dir: shared})
	if what.filled < 1 || what.filled > 35 {
		t.Errorf("got %d computed after 5 or more had been kept, want the rest of 40", what.filled)
	}
	same(t, dir, whole)
}

// An image that vanishes while the features are computed is named; one that
// does so later is not missed.
func TestImageIsRemovedWhileCaching(t *testing.T) {
	cfg := cached
	cfg.Epochs = 2
	for name, dir := range map[string]string{"memory": "", "folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			s := newFrozenFixture(t, 40, 0)
			s.cache = train.Cache{Dir: dir}
			job := s.job(t, cfg, t.TempDir(), nil)
			path := s.train[39].Path
			decode := job.Data.Train.Decode
			job.Data.Train.Workers, job.Data.Train.Ahead = 1, 1
			job.Data.Train.Decode = func(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
				}
				return decode(ctx, encoded, ex, draw, into)
			}
			err := runJob(context.Background(), cfg, job)
			if err == nil || !strings.Contains(err.Error(), path+": no such file") {
				t.Errorf("got %v, want an error that names %q", err, path)
			}
		})
	}
	s := newFrozenFixture(t, 4, 0)
	s.cache = train.Cache{}
	job := s.job(t, cfg, t.TempDir(), nil)
	observe(&job).onEpoch = func(e train.EpochResult) {
		if e.Epoch == 0 {
			must(t, os.Remove(s.train[1].Path))
		}
	}
	must(t, runJob(context.Background(), cfg, job))
	job = s.job(t, cfg, t.TempDir(), nil)
	job.Cache = train.Cache{Dir: t.TempDir()}
	if err := runJob(context.Background(), cfg, job); err == nil || !strings.Contains(err.Error(), s.train[1].Path) {
		t.Errorf("before the features are computed: got %v, want an error that names %q", err, s.train[1].Path)
	}
}

// A run that dies while it fills the cache, with any number of rows written, computes
// the same aligned groups when it is resumed: an image's last bits depend on its place
// in one.
func TestFeatureCacheResumesExactly(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 90, 40)
	cfg := cached
	cfg.Epochs = 1
	whole, _ := s.with(t, cfg, train.Cache{Budget: 1})
	// Whether another grouping shows in the bits depends on the machine's kernels, so
	// the groups are counted too.
	for _, rowsKept := range []int64{0, 13, 32, 89} {
		t.Run(fmt.Sprint(rowsKept), func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			dir, filled := t.TempDir(), 0
			job := s.job(t, cfg, dir, nil)
			observe(&job).onCache = func(train.CacheProgress) {
				if filled++; filled == 91 {
					cancel()
				}
			}
			if err := runJob(ctx, cfg, job); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want an interruption", err)
			}
			must(t, os.Truncate(cacheFiles(t, filepath.Join(dir, "cache"))[0], rows+rowsKept*4*16))
			job = s.job(t, cfg, dir, nil)
			what := listen(&job)
			must(t, runJob(context.Background(), cfg, job))
			same(t, dir, whole)
			if want := int(90 - rowsKept/32*32 + 40); what.filled != want {
				t.Errorf("got %d images computed, want %d, whole groups", what.filled, want)
			}
		})
	}
}
