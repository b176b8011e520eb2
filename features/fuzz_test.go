package features_test

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"alexnet/features"
)

// Whatever a file holds, it opens or is refused without harm: nothing panics,
// memory stays within what the file's size calls for, each row is whole or
// missing, and what is written then is there the next time.
func FuzzOpenFile(f *testing.F) {
	text, err := os.ReadFile(keep(f, f.TempDir(), "abc"))
	must(f, err)
	f.Add([]byte{})
	f.Add(text)
	f.Add(text[:header])
	f.Add(text[:header-1])
	f.Add(text[:header+record+tag])
	for _, at := range []int{3, 22, 40, 62, header + 5, header + 34, header + 38, header + tag + 1} {
		damaged := append([]byte(nil), text...)
		damaged[at] ^= 1
		f.Add(damaged)
	}
	f.Add(append(append([]byte(nil), text...), text[header:]...)) // every record twice
	f.Add([]byte("a text that somebody else wrote, a little longer than the header of such a file"))
	dir := f.TempDir()
	path := keep(f, dir, "a")
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(path, text, 0o644))
		before := allocated()
		file, err := features.OpenFile(dir, key, width, pictures("abc"))
		if grown, most := allocated()-before, uint64(64<<10+4*len(text)); grown > most {
			t.Errorf("opening %d bytes took %d bytes of memory, want at most %d", len(text), grown, most)
		}
		if err != nil {
			if after, _ := os.ReadFile(path); string(after) != string(text) || !errors.Is(err, features.ErrForeign) {
				t.Errorf("got %v and the file changed: %v, want %v and it as it was", err, string(after) != string(text), features.ErrForeign)
			}
			return
		}
		row := make([]float32, width)
		for i, l := range "abc" {
			if err := file.Read(i, row); err != nil && !errors.Is(err, features.ErrMissing) {
				t.Errorf("picture %c: got %v, want a row or %v", l, err, features.ErrMissing)
			}
			must(t, file.Write(i, rowOf(l)))
		}
		must(t, file.Close())
		again := open(t, dir, "cba")
		if got := kept(t, again, "cba"); got != "cba" {
			t.Errorf("got rows of %q, want all that were written", got)
		}
		must(t, again.Close())
	})
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
