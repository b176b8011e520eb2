package featurecache_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"testing"

	"alexnet/internal/featurecache"
)

// Whatever a file holds, it is opened or set aside without harm: nothing panics,
// memory stays within what the file's size calls for, each row is whole or
// missing, and what is written then is there the next time. The file is given in
// the parts of its layout, between which there are zeros.
func FuzzOpenFile(f *testing.F) {
	text := read(f, keep(f, f.TempDir(), "abc"))
	head, tags, body := text[:64], text[header:header+3*tag], text[rows:]
	f.Add([]byte{}, []byte{}, []byte{}, len(text))
	for _, size := range []int{0, 63, header, header + tag, rows - 1, rows + record - 1, len(text), 2 * len(text)} {
		f.Add(head, tags, body, size)
	}
	for at := range tags {
		damaged := bytes.Clone(tags)
		damaged[at] ^= 1
		f.Add(head, damaged, body, len(text))
	}
	f.Add(head, bytes.Repeat(tags[:tag], 3), body, len(text)) // one name thrice
	f.Add([]byte("a text that somebody else wrote"), []byte{}, []byte{}, 31)
	dir := f.TempDir()
	path, all := keep(f, dir, "a"), images(f, "abc")
	f.Fuzz(func(t *testing.T, head, tags, body []byte, size int) {
		size = min(max(size, 0), 2*len(text))
		spread(t, path, head, tags, body, size)
		whole := read(t, path)
		before := allocated()
		file, err := featurecache.OpenFile(context.Background(), dir, key, width, all, featurecache.Options{})
		if grown, most := allocated()-before, uint64(512<<10+4*size); grown > most {
			t.Errorf("opening %d bytes took %d bytes of memory, want at most %d", size, grown, most)
		}
		must(t, err)
		if aside, err := os.ReadFile(path + ".foreign"); err == nil && !bytes.Equal(aside, whole) {
			t.Errorf("got %d bytes set aside, want the %d as they were", len(aside), size)
		}
		os.Remove(path + ".foreign")
		row := make([]float32, width)
		for i, l := range "abc" {
			if err := file.Read(i, row); err != nil && !errors.Is(err, featurecache.ErrMissing) {
				t.Errorf("image %c: got %v, want a row or %v", l, err, featurecache.ErrMissing)
			}
			must(t, file.Write(i, rowOf(l)))
		}
		must(t, file.Close())
		again := openFor(t, dir, all, featurecache.Options{})
		if got := kept(t, again, "abc"); got != "abc" {
			t.Errorf("got rows of %q, want all that were written", got)
		}
		must(t, again.Close())
	})
}

// spread makes the file of a size that has the parts where they belong.
func spread(t testing.TB, path string, head, tags, body []byte, size int) {
	file, err := os.Create(path)
	must(t, err)
	for _, p := range []struct {
		at    int
		bytes []byte
		room  int
	}{{rows, body, rows}, {header, tags, rows - header}, {0, head, header}} {
		_, err := file.WriteAt(p.bytes[:min(len(p.bytes), p.room)], int64(p.at))
		must(t, err)
	}
	must(t, file.Truncate(int64(size)))
	must(t, file.Close())
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
