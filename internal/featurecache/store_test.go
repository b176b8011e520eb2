package featurecache_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"alexnet/internal/featurecache"
)

// Whatever is written, in whatever order and however often, is read again bit
// for bit, from memory and from a file, before and after it is reopened. A
// store is told from a map by nothing.
func TestStoresKeepRows(t *testing.T) {
	all := images(t, "abcdefg")
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		wide := rapid.IntRange(1, 9).Draw(t, "width")
		letters := rapid.StringOfN(rapid.RuneFrom([]rune("abcdefg")), 1, 12, -1).Draw(t, "images")
		o := featurecache.Options{Half: rapid.Bool().Draw(t, "half")}
		value := rapid.Float32()
		if o.Half {
			value = rapid.Map(rapid.IntRange(-2048, 2048), func(n int) float32 { return float32(n) / 64 })
		}
		var shown []featurecache.Entry
		for _, l := range letters {
			shown = append(shown, all[l-'a'])
		}
		dir, err := os.MkdirTemp("", "features")
		check(t, err)
		defer os.RemoveAll(dir)
		file, err := featurecache.OpenFile(ctx, dir, key, wide, shown, o)
		check(t, err)
		memory, err := featurecache.NewMemory(len(letters), wide, o)
		check(t, err)
		byPlace, byContent := map[int][]float32{}, map[rune][]float32{}
		for range rapid.IntRange(0, 20).Draw(t, "writes") {
			i := rapid.IntRange(0, len(letters)-1).Draw(t, "image")
			row := rapid.SliceOfN(value, wide, wide).Draw(t, "row")
			check(t, memory.Write(i, row))
			check(t, file.Write(i, row))
			byPlace[i], byContent[rune(letters[i])] = row, row
		}
		check(t, file.Close())
		again, err := featurecache.OpenFile(ctx, dir, key, wide, shown, o)
		check(t, err)
		for i, l := range letters {
			holds(t, memory, i, wide, byPlace[i])
			holds(t, again, i, wide, byContent[l])
		}
		check(t, errors.Join(memory.Close(), again.Close()))
	})
}

// holds checks that s has the row want for image i, or none.
func holds(t *rapid.T, s featurecache.Store, i, wide int, want []float32) {
	got := make([]float32, wide)
	err := s.Read(i, got)
	if s.Has(i) != (want != nil) || (want == nil) != errors.Is(err, featurecache.ErrMissing) {
		t.Fatalf("%T: image %d: got has %v, error %v, want %v", s, i, s.Has(i), err, want)
	}
	if want != nil && !slices.Equal(got, want) {
		t.Fatalf("%T: image %d: got %v, want %v", s, i, got, want)
	}
}

func check(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// A store keeps a copy: what the caller does with its row afterwards is its own
// affair.
func TestStoresCopy(t *testing.T) {
	for name, s := range map[string]featurecache.Store{
		"memory": inMemory(t, 1), "file": open(t, t.TempDir(), "a"),
	} {
		row := rowOf('a')
		must(t, s.Write(0, row))
		clear(row)
		must(t, s.Read(0, row))
		clear(row)
		if got := kept(t, s, "a"); got != "a" {
			t.Errorf("%s: got %q, want the row as it was written", name, got)
		}
	}
}

// A part sees its own images and leaves the whole open.
func TestSection(t *testing.T) {
	whole := open(t, t.TempDir(), "abcd")
	part := featurecache.Section(whole, 2)
	must(t, part.Write(1, rowOf('d')))
	must(t, whole.Write(0, rowOf('a')))
	if got := kept(t, part, "cd"); got != "d" || part.Has(0) {
		t.Errorf("the part: got %q, want d", got)
	}
	must(t, part.Close())
	if got := kept(t, whole, "abcd"); got != "ad" {
		t.Errorf("the whole after its part was closed: got %q, want ad", got)
	}
}

func TestStoresAreReadFromSeveralGoroutines(t *testing.T) {
	for name, s := range map[string]featurecache.Store{
		"memory": inMemory(t, 4), "file": open(t, t.TempDir(), "abcd"),
	} {
		for i, l := range "abcd" {
			must(t, s.Write(i, rowOf(l)))
		}
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for range 50 {
					if got := kept(t, s, "abcd"); got != "abcd" {
						t.Errorf("%s: got %q, want abcd", name, got)
					}
				}
			})
		}
		readers.Wait()
	}
}

func inMemory(t testing.TB, rows int) featurecache.Store {
	t.Helper()
	s, err := featurecache.NewMemory(rows, width, featurecache.Options{})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// While one goroutine writes rows, others find each whole or not at all.
func TestStoresAreReadWhileWritten(t *testing.T) {
	const letters = "abcdefghijklmnop"
	for name, s := range map[string]featurecache.Store{
		"memory": inMemory(t, len(letters)), "file": open(t, t.TempDir(), letters),
	} {
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for got := ""; got != letters; {
					got = kept(t, s, letters)
				}
			})
		}
		for i, l := range letters {
			if err := s.Write(i, rowOf(l)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		all.Wait()
	}
}

// A slice of another width is refused and changes nothing.
func TestStoresRefuseOtherWidths(t *testing.T) {
	for name, s := range map[string]featurecache.Store{"memory": inMemory(t, 1), "file": open(t, t.TempDir(), "a")} {
		must(t, s.Write(0, rowOf('a')))
		for _, other := range [][]float32{nil, make([]float32, width-1), make([]float32, width+1)} {
			if s.Write(0, other) == nil || s.Read(0, other) == nil {
				t.Errorf("%s: got no error for %d values, want one", name, len(other))
			}
		}
		if got := kept(t, s, "a"); got != "a" {
			t.Errorf("%s: got rows of %q, want a", name, got)
		}
	}
}

// A memory store gives its memory back at Close.
func TestMemoryAfterClose(t *testing.T) {
	s := inMemory(t, 1)
	must(t, s.Write(0, rowOf('a')))
	must(t, s.Close())
	row := rowOf('a')
	if err := s.Read(0, row); !errors.Is(err, featurecache.ErrMissing) || s.Has(0) {
		t.Errorf("got %v and has it %v, want %v", err, s.Has(0), featurecache.ErrMissing)
	}
	if s.Write(0, row) == nil {
		t.Error("write: got no error")
	}
	must(t, s.Close())
}
