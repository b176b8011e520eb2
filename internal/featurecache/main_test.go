package featurecache_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"alexnet/internal/featurecache"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(writer); dir != "" {
		fmt.Fprintln(os.Stderr, writeForever(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// The layout of a file with rows of width floats, as the package describes it.
const (
	header = 4096
	tag    = sha256.Size + 8
	rows   = header + 4096*tag // where the first row stands
	width  = 5
	record = 4 * width
)

var key = featurecache.Key{1, 2, 3}

// long is a modification time in the past that is trusted.
var long = time.Now().Add(-time.Hour).Truncate(time.Second)

// images are files that hold a letter each, in a folder of their own.
func images(t testing.TB, letters string) (all []featurecache.Entry) {
	t.Helper()
	dir := t.TempDir()
	for _, l := range letters {
		path := filepath.Join(dir, string(l))
		hold(t, path, string(l), long)
		all = append(all, featurecache.Entry{Path: path})
	}
	return all
}

// hold gives an image's file that text and time of change.
func hold(t testing.TB, path, text string, changed time.Time) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o644))
	must(t, os.Chtimes(path, time.Time{}, changed))
}

// rowOf is the row of the image with that letter.
func rowOf(letter rune) []float32 {
	row := make([]float32, width)
	for k := range row {
		row[k] = float32(letter) + float32(k)/8
	}
	return row
}

func open(t testing.TB, dir, letters string) *featurecache.File {
	t.Helper()
	return openFor(t, dir, images(t, letters), featurecache.Options{})
}

func openFor(t testing.TB, dir string, all []featurecache.Entry, o featurecache.Options) *featurecache.File {
	t.Helper()
	f, err := featurecache.OpenFile(context.Background(), dir, key, width, all, o)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// keep makes a file with the rows of some images and gives its path.
func keep(t testing.TB, dir, letters string) (path string) {
	t.Helper()
	f := open(t, dir, letters)
	for i, l := range letters {
		must(t, f.Write(i, rowOf(l)))
	}
	must(t, f.Close())
	return only(t, dir)
}

// only is the path of the one features file in dir.
func only(t testing.TB, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.features"))
	must(t, err)
	if len(files) != 1 {
		t.Fatalf("got files %q, want one", files)
	}
	return files[0]
}

// kept are the letters whose rows s gives, each of which must be right.
func kept(t testing.TB, s featurecache.Store, letters string) (there string) {
	t.Helper()
	for i, l := range letters {
		row := make([]float32, width)
		if err := s.Read(i, row); err != nil {
			continue
		}
		if !s.Has(i) || !slices.Equal(row, rowOf(l)) {
			t.Errorf("image %c: got %v and has %v, want %v", l, row, s.Has(i), rowOf(l))
		}
		there += string(l)
	}
	return there
}

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	text[at] ^= 0x10
	must(t, os.WriteFile(path, text, 0o644))
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// notes records what a store says.
func notes(said *[]string) featurecache.Options {
	return featurecache.Options{OnNote: func(text string) { *said = append(*said, text) }}
}
