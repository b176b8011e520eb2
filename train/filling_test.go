package train_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"alexnet/train"
)

// A run that dies while it computes what frozen layers give, with so many rows
// kept, resumes in the same groups: a image's last bits depend on its place in
// one.
func TestFillingGoesOnExactly(t *testing.T) {
	s := newFrozenFixture(t, 90, 40)
	cfg := cached
	cfg.Epochs = 1
	whole, _ := s.with(t, cfg, train.Cache{Budget: 1})
	// Whether another grouping shows in the bits is up to the machine's kernels; so
	// the groups are looked at too.
	for _, rowsKept := range []int64{0, 1, 13, 32, 45, 77, 89} {
		t.Run(fmt.Sprint(rowsKept), func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			dir, filled := t.TempDir(), 0
			job := s.job(t, cfg, dir, nil)
			job.Progress.OnCache = func(train.CacheProgress) {
				if filled++; filled == 91 {
					cancel()
				}
			}
			if err := train.Run(ctx, cfg, job); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want an interruption", err)
			}
			must(t, os.Truncate(cacheFiles(t, filepath.Join(dir, "cache"))[0], rows+rowsKept*4*16))
			plan := filepath.Join(dir, "filling.json")
			if _, err := os.Stat(plan); err != nil {
				t.Fatalf("got %v, want the plan written down", err)
			}
			job = s.job(t, cfg, dir, nil)
			what := listen(&job)
			must(t, train.Run(context.Background(), cfg, job))
			same(t, dir, whole)
			if want := int(90 - rowsKept/32*32 + 40); what.filled != want {
				t.Errorf("got %d images computed, want %d, whole groups", what.filled, want)
			}
			if _, err := os.Stat(plan); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %v, want no plan left", err)
			}
		})
	}
}
