package input

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

func TestBatchesComeInOrder(t *testing.T) {
	l, m := loader(t, 23)
	rapid.Check(t, func(t *rapid.T) {
		one := *l
		one.Batch = rapid.IntRange(1, 30).Draw(t, "batch")
		one.Workers = rapid.IntRange(0, 5).Draw(t, "workers")
		one.Ahead = rapid.IntRange(0, 4).Draw(t, "ahead")
		order := Shuffled(len(l.Examples), rapid.Uint64().Draw(t, "seed"), 0)[:rapid.IntRange(0, 23).Draw(t, "n")]
		at := 0
		for b, err := range one.Batches(t.Context(), order) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Start != at || len(b.Examples) != min(one.Batch, len(order)-at) || len(b.Labels) != len(b.Examples) {
				t.Fatalf("got %d examples at %d, want position %d", len(b.Examples), b.Start, at)
			}
			for i := range b.Examples {
				if v := order[at].Example; b.Images.Row(i)[0] != float32(v+1) || b.Labels[i] != int32(v%3) || b.Examples[i] != l.Examples[v] {
					t.Fatalf("got %v of %s at %d", b.Images.Row(i), b.Examples[i].Name, at)
				}
				at++
			}
			b.Images.Close()
		}
		if at != len(order) || m.now.Load() != 0 {
			t.Fatalf("got %d of %d examples, %d buffers left", at, len(order), m.now.Load())
		}
	})
}

func TestBatchesBoundMemory(t *testing.T) {
	l, m := loader(t, 24)
	l.Batch = 2
	synctest.Test(t, func(t *testing.T) {
		for b, err := range l.Batches(t.Context(), Shuffled(24, 1, 0)) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until it has loaded as far ahead as it may
			b.Images.Close()
		}
	})
	if got := m.most.Load(); got != 3 {
		t.Errorf("got %d buffers at once, want 2 ahead and 1 in use", got)
	}
}

func TestBatchesStopEarly(t *testing.T) {
	for stop := range 4 {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			l, m := loader(t, 23)
			var busy atomic.Int32
			l.Decode = func(_ context.Context, _ []byte, _ Example, _ uint64, into []float32) error {
				busy.Add(1)
				defer busy.Add(-1)
				runtime.Gosched()
				into[0] = 1
				return nil
			}
			seen := 0
			for b, err := range l.Batches(t.Context(), Shuffled(23, 1, 0)) {
				if err != nil {
					t.Fatal(err)
				}
				b.Images.Close()
				if seen++; seen > stop {
					break
				}
			}
			if m.now.Load() != 0 || seen != stop+1 || busy.Load() != 0 {
				t.Errorf("got %d buffers left and %d busy workers after %d batches", m.now.Load(), busy.Load(), seen)
			}
		})
	}
}

func TestBatchesEndWithContext(t *testing.T) {
	l, m := loader(t, 23)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l.Decode = func(ctx context.Context, _ []byte, ex Example, _ uint64, _ []float32) error {
		if ex.Width < 9 {
			return nil
		}
		<-ctx.Done() // a decoder that hangs until it is told
		return ctx.Err()
	}
	batches, last := 0, error(nil)
	for b, err := range l.Batches(ctx, picks(0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22)) {
		if last = err; err == nil {
			b.Images.Close()
			if batches++; batches == 2 {
				cancel()
			}
		}
	}
	if batches != 2 || !errors.Is(last, context.Canceled) || m.now.Load() != 0 {
		t.Errorf("got %d batches, error %v, %d buffers left", batches, last, m.now.Load())
	}
}

func TestBatchesEndWithFirstError(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name   string
		damage func(l *Loader[*rowsOf], ex Example)
		want   error
	}{
		{"removed", func(_ *Loader[*rowsOf], ex Example) { os.Remove(ex.Path) }, os.ErrNotExist},
		{"replaced by text", func(_ *Loader[*rowsOf], ex Example) { writeFile(t, ex.Path, []byte("text")) }, ErrFormat},
		{"replaced by another", func(_ *Loader[*rowsOf], ex Example) { writeFile(t, ex.Path, encode(t, PNG, gradient(1, 1))) }, errChanged},
		{"grown", func(l *Loader[*rowsOf], ex Example) {
			l.Limits.MaxBytes = 5000
			writeFile(t, ex.Path, append(encode(t, PNG, gradient(11, 2)), make([]byte, 5000)...))
		}, ErrTooLarge},
		{"not decoded", func(l *Loader[*rowsOf], ex Example) {
			l.Decode = func(ctx context.Context, encoded []byte, e Example, draw uint64, into []float32) error {
				if e.Path == ex.Path {
					return broken
				}
				return widths(ctx, encoded, e, draw, into)
			}
		}, broken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, m := loader(t, 23)
			order := Shuffled(23, 1, 0)
			bad := l.Examples[order[10].Example]
			tt.damage(l, bad)
			os.Remove(l.Examples[order[14].Example].Path) // a later failure that must not win
			batches, last := 0, error(nil)
			for b, err := range l.Batches(t.Context(), order) {
				if last = err; err == nil {
					batches++
					b.Images.Close()
				}
			}
			var e *Error
			if batches != 2 || !errors.As(last, &e) || e.Path != bad.Path || !errors.Is(last, tt.want) || m.now.Load() != 0 {
				t.Errorf("got %d batches, then %v, want 2 and %v of %s; %d buffers left", batches, last, tt.want, bad.Path, m.now.Load())
			}
		})
	}
}

func TestBatchesFailToAllocate(t *testing.T) {
	l, m := loader(t, 23)
	full, n := errors.New("no memory"), 0
	l.Alloc = func(rows int) (*rowsOf, error) {
		if n++; n == 3 {
			return nil, full
		}
		return m.alloc(rows)
	}
	batches, last := 0, error(nil)
	for b, err := range l.Batches(t.Context(), Shuffled(23, 1, 0)) {
		if last = err; err == nil {
			batches++
			b.Images.Close()
		}
	}
	if batches != 2 || !errors.Is(last, full) || m.now.Load() != 0 {
		t.Errorf("got %d batches, %v, %d buffers left", batches, last, m.now.Load())
	}
}

func TestBatchesRejectBadLoaders(t *testing.T) {
	l, _ := loader(t, 2)
	damage := map[string]func(l *Loader[*rowsOf]) []Pick{
		"batch":  func(l *Loader[*rowsOf]) []Pick { l.Batch = 0; return picks(0) },
		"decode": func(l *Loader[*rowsOf]) []Pick { l.Decode = nil; return picks(0) },
		"limits": func(l *Loader[*rowsOf]) []Pick { l.Limits.MaxPixels = -1; return picks(0) },
		"order":  func(*Loader[*rowsOf]) []Pick { return picks(0, 2) },
		"sign":   func(*Loader[*rowsOf]) []Pick { return picks(-1) },
	}
	for name, f := range damage {
		t.Run(name, func(t *testing.T) {
			one := *l
			n := 0
			for _, err := range one.Batches(t.Context(), f(&one)) {
				if n++; err == nil {
					t.Error("got no error")
				}
			}
			if n != 1 {
				t.Errorf("got %d results, want one error", n)
			}
		})
	}
}

func TestOrientationReachesDecode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jpg")
	writeFile(t, path, oriented(t, 5, 3, 6))
	l, _ := loader(t, 1)
	l.Examples = []Example{{Path: path}} // no header: taken as it is read
	for b, err := range l.Batches(t.Context(), picks(0)) {
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Images.Row(0)[1]; got != 6 {
			t.Errorf("got orientation %v, want 6", got)
		}
		b.Images.Close()
	}
}

// The draw of a pick reaches Decode, image by image.
func TestDrawReachesDecode(t *testing.T) {
	l, _ := loader(t, 3)
	l.Decode = func(_ context.Context, _ []byte, _ Example, draw uint64, into []float32) error {
		into[0] = float32(draw)
		return nil
	}
	order := []Pick{{2, 7}, {0, 0}, {2, 1}}
	for b, err := range l.Batches(t.Context(), order) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Examples {
			if got := b.Images.Row(i)[0]; got != float32(order[b.Start+i].Draw) {
				t.Errorf("position %d: got draw %v, want %d", b.Start+i, got, order[b.Start+i].Draw)
			}
		}
		b.Images.Close()
	}
}

// Who wants to hear of bad images gets all others, and zeros in their place.
func TestFailedImagesAreReported(t *testing.T) {
	l, m := loader(t, 9)
	for _, i := range []int{2, 7} {
		l.Examples[i].Path += ".gone"
	}
	var failed []int
	l.Failed = func(place int, err error) {
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("got %v, want an *Error", err)
		}
		failed = append(failed, place)
	}
	order, at := picks(7, 0, 2, 3, 8), 0
	for b, err := range l.Batches(t.Context(), order) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Examples {
			want := float32(order[at].Example + 1)
			if ex := order[at].Example; ex == 2 || ex == 7 {
				want = 0
			}
			if got := b.Images.Row(i)[0]; got != want {
				t.Errorf("place %d: got %v, want %v", at, got, want)
			}
			at++
		}
		b.Images.Close()
	}
	if !slices.Equal(failed, []int{0, 2}) || at != len(order) || m.now.Load() != 0 {
		t.Errorf("got failures at %v of %d images and %d buffers left, want 0 and 2 of 5 and none", failed, at, m.now.Load())
	}
}
