package classify_test

import (
	"context"
	"sync"
	"testing"

	"alexnet/classify"
	"alexnet/internal/testenv"
	"alexnet/internal/testmodel"
)

// 10,000 images from many goroutines, some of them damaged, leak no memory. A leaked image would be 57 kB, so 9,000 of them
// 500 MB.
func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; run without -short")
	}
	m := opened(t, classify.Options{})
	whole := testmodel.JPEG(1)
	images := [][]byte{whole, testmodel.Turned(2, 8), whole[:len(whole)/2], []byte("text")}
	classifySome := func(workers, each int) {
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for k := range each {
					_, err := m.Classify(context.Background(), classify.FromBytes(images[k%4]))
					if (err != nil) != (k%4 > 1) {
						t.Errorf("image %d: got error %v", k%4, err)
					}
				}
			})
		}
		wg.Wait()
	}
	classifySome(16, 100)
	before := testenv.Resident(t)
	classifySome(16, 10_000/16)
	wantFlat(t, "10,000 calls", before)
}

// A model that was closed leaves nothing behind.
func TestOpenAndCloseStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; run without -short")
	}
	cycle := func(times int) {
		for range times {
			m, err := classify.Open(context.Background(), run, classify.Options{})
			must(t, err)
			_, err = m.Classify(context.Background(), classify.FromBytes(testmodel.JPEG(0)))
			must(t, err)
			must(t, m.Close())
			must(t, m.Close())
		}
	}
	cycle(20)
	before := testenv.Resident(t)
	cycle(120)
	wantFlat(t, "120 models", before)
}

func wantFlat(t *testing.T, what string, before int64) {
	t.Helper()
	const limit = 32 << 20 // allocators keep some pages for themselves
	grown := testenv.Resident(t) - before
	t.Logf("%s: resident memory grew by %d KiB from %d", what, grown>>10, before>>10)
	if grown > limit {
		t.Errorf("%s: resident memory grew by %d MiB, want at most %d", what, grown>>20, limit>>20)
	}
}
