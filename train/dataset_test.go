package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/train"
)

// In a fixed order, and so in the same small batches, cached and recomputed features are bit-identical.
func TestCacheIsExactInOrder(t *testing.T) {
	s := newFrozenFixture(t, 70, 5)
	cfg := cached
	cfg.NoShuffle, cfg.Batch = true, 20
	kept, _ := s.with(t, cfg, train.Cache{})
	recomputed, _ := s.with(t, cfg, train.Cache{Off: true})
	same(t, recomputed, kept)
}

// In shuffled runs an image's place among those computed at once differs, and
// with it the last bits; the first ten losses tell how little that is.
func TestCacheIsCloseWhenShuffled(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 70, 0)
	cfg := cached
	cfg.Batch, cfg.Epochs = 14, 2
	losses := func(cache train.Cache) (all []float64) {
		s.cache = cache
		job := s.job(t, cfg, t.TempDir(), nil)
		observe(&job).onStep = func(st train.StepResult) { all = append(all, st.Loss) }
		must(t, runJob(context.Background(), cfg, job))
		return all
	}
	kept, recomputed, half := losses(train.Cache{}), losses(train.Cache{Off: true}), losses(train.Cache{Half: true})
	if len(kept) != 10 || len(recomputed) != 10 || len(half) != 10 {
		t.Fatalf("got %d, %d and %d losses, want 10", len(kept), len(recomputed), len(half))
	}
	for i, want := range kept {
		if off := math.Abs(recomputed[i]-want) / want; off > 1e-4 {
			t.Errorf("step %d: got loss %v without a cache, want %v", i+1, recomputed[i], want)
		}
		if off := math.Abs(half[i]-want) / want; off > 1e-2 { // 11 bits a value
			t.Errorf("step %d: got loss %v in float16, want %v", i+1, half[i], want)
		}
	}
	if slices.Equal(half, kept) {
		t.Error("float16 changed nothing")
	}
}

// Flipped images are kept beside the others: both are computed once, and the
// run is the same whether they are kept or not.
func TestRandomFlipIsCached(t *testing.T) {
	severalRuns(t)
	s := newFrozenFixture(t, 12, 4)
	cfg := cached
	cfg.NoShuffle, cfg.Batch = true, 12
	plain, _ := s.with(t, cfg, train.Cache{})
	cfg.Augment = train.FlipAugment
	kept, what := s.with(t, cfg, train.Cache{})
	if what.filled != 2*12+4 {
		t.Errorf("got %d images computed, want 12 twice and 4", what.filled)
	}
	if bytes.Equal(bundle(t, kept), bundle(t, plain)) {
		t.Error("mirroring changed nothing")
	}
	recomputed, _ := s.with(t, cfg, train.Cache{Off: true})
	s.near(t, recomputed, kept)
	again, what := s.with(t, cfg, train.Cache{Dir: t.TempDir()})
	if what.filled != 2*12+4 || what.notes != nil {
		t.Errorf("in a folder: got %+v, want 28 computed and no note", what)
	}
	same(t, again, kept)
}

// Images that cannot be decoded are listed before the first step; the run is that
// of the others.
func TestBadImages(t *testing.T) {
	severalRuns(t)
	for name, c := range map[string]struct {
		layers []string
		cache  train.Cache
	}{
		"kept":       {layers: []string{"fc8"}},
		"in a file":  {layers: []string{"fc8"}, cache: train.Cache{Budget: 1}},
		"cache off":  {layers: []string{"fc8"}, cache: train.Cache{Off: true}},
		"all layers": {layers: alexnet.BVLC.LayerNames()},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFixture(t, 9, 3)
			s.layers, s.cache = c.layers, c.cache
			bad := []input.Example{s.train[4], s.val[1]}
			for _, ex := range bad {
				text, err := os.ReadFile(ex.Path)
				must(t, err)
				must(t, os.WriteFile(ex.Path, append(text[:len(text)/2:len(text)/2], make([]byte, len(text)-len(text)/2)...), 0o644))
			}
			cfg := cached
			cfg.Batch = 4
			dir := t.TempDir()
			job := s.job(t, cfg, dir, nil)
			trainer, err := train.Prepare(t.Context(), cfg, job)
			must(t, err)
			var undecodable []string
			for _, p := range trainer.Undecodable() {
				undecodable = append(undecodable, p.Path)
			}
			if want := []string{bad[0].Path, bad[1].Path}; !slices.Equal(undecodable, want) {
				t.Errorf("got undecodable images %q, want %q", undecodable, want)
			}
			must(t, errors.Join(trainer.Run(t.Context(), json.RawMessage(`{"used":8}`)), trainer.Close()))
			m := newest(t, dir)
			if !strings.Contains(string(m.Config), `"used": 8`) || m.Metrics.Count != 2 || m.Step != 6 {
				t.Errorf("got config %s, %d validated, step %d, want Run's settings, 2 and 6", m.Config, m.Metrics.Count, m.Step)
			}
			s.train, s.val = slices.Delete(s.train, 4, 5), slices.Delete(s.val, 1, 2)
			whole := s.run(t, cfg)
			s.near(t, dir, whole)
		})
	}
}
