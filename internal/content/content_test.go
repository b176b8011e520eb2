package content

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alexnet/internal/crc32c"
)

var old = time.Now().Add(-time.Hour).Truncate(time.Second)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write writes a file with the given modification time.
func write(t testing.TB, path, text string, modified time.Time) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o644))
	must(t, os.Chtimes(path, time.Time{}, modified))
}

// count returns the number of files that use hashes.
func count(t testing.TB, use func()) (n int) {
	t.Helper()
	OnHash = func(string) { n++ }
	defer func() { OnHash = nil }()
	use()
	return n
}

// A file is hashed again exactly if it may have changed, even with the same size and
// modification time; a file that was just modified always is.
func TestUnchangedFilesAreNotRead(t *testing.T) {
	now := time.Now().Add(time.Minute)
	for name, c := range map[string]struct {
		text     string // "": the file stays as it is
		modified time.Time
		reads    int
	}{
		"unchanged":              {"", old, 0},
		"size":                   {"ab", old, 1},
		"modification time":      {"a", old.Add(time.Nanosecond), 1},
		"text alone":             {"x", old, 1}, // caught by the change time
		"text and time":          {"x", old.Add(time.Second), 1},
		"restored, as by a copy": {"a", old, 1},
		"modified just now":      {"a", now, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir, path := t.TempDir(), filepath.Join(t.TempDir(), "a")
			write(t, path, "a", old)
			x := Open(dir, nil)
			_, err := x.Of(path)
			must(t, err)
			x.Save()
			if c.text != "" {
				write(t, path, c.text, c.modified)
			}
			text, err := os.ReadFile(path)
			must(t, err)
			x = Open(dir, func(text string) { t.Error(text) })
			n := count(t, func() {
				if got, err := x.Of(path); err != nil || got != sha256.Sum256(text) {
					t.Errorf("got %x, %v, want the hash of %q", got, err, text)
				}
			})
			if n != c.reads {
				t.Errorf("got %d reads, want %d", n, c.reads)
			}
		})
	}
}

// Paths are known by any spelling; two processes' entries are merged; entries of files
// that no longer exist are dropped.
func TestIndexIsShared(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "b", "gone"} {
		write(t, filepath.Join(files, name), name, old)
	}
	first, second := Open(dir, nil), Open(dir, nil)
	_, err := first.All(t.Context(), []string{filepath.Join(files, "a"), filepath.Join(files, "gone")})
	must(t, err)
	_, err = second.Of(filepath.Join(files, "b"))
	must(t, err)
	first.Save()
	must(t, os.Remove(filepath.Join(files, "gone")))
	second.Save()
	t.Chdir(files)
	third := Open(dir, nil)
	if n := count(t, func() { _, err = third.All(t.Context(), []string{"./a", "b"}) }); n != 0 || err != nil {
		t.Errorf("got %d reads, %v, want none", n, err)
	}
	if n := len(third.Hashes()); n != 2 {
		t.Errorf("got %d entries, want those of the 2 files", n)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	x := Open("", nil)
	if _, err := x.All(t.Context(), []string{filepath.Join(dir, "missing")}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("missing: got %v", err)
	}
	if _, err := x.All(ended, []string{dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v", err)
	}
}

// A damaged index costs reading the files again, with a note, and is replaced.
func TestDamagedIndex(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "a")
	write(t, path, "a", old)
	save := func() {
		x := Open(dir, nil)
		_, err := x.Of(path)
		must(t, err)
		x.Save()
	}
	save()
	file := filepath.Join(dir, FileName)
	intact, err := os.ReadFile(file)
	must(t, err)
	for n := range intact {
		flipped := []byte(string(intact))
		flipped[n] ^= 4
		for _, damaged := range [][]byte{intact[:n], flipped} {
			must(t, os.WriteFile(file, damaged, 0o644))
			notes := 0
			if x := Open(dir, func(string) { notes++ }); notes != 1 || len(x.Hashes()) != 0 {
				t.Fatalf("byte %d: got %d notes and %d entries, want 1 and none", n, notes, len(x.Hashes()))
			}
		}
	}
	save()
	if got, err := os.ReadFile(file); err != nil || string(got) != string(intact) {
		t.Errorf("got %q, %v, want %q", got, err, intact)
	}
}

// Arbitrary bytes with a valid checksum are read within bounds and survive a round trip.
func FuzzIndex(f *testing.F) {
	intact := encode(map[string]entry{
		"/a.jpg":                            {Stamp{7, 1_700_000_000_123_456_789, 8}, Hash{1, 2, 3}},
		"/" + strings.Repeat("long ", 900):  {Stamp{1 << 40, -1, 0}, Hash{4}},
		"/with \x00, \n and \xff in it.jpg": {},
	})
	for _, n := range []int{0, len(magic), len(magic) + entrySize, len(intact) - 5, len(intact) - 4} {
		f.Add(intact[:n])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, err := parse(binary.LittleEndian.AppendUint32(body[:len(body):len(body)], crc32c.Checksum(body)))
		if err != nil {
			if entries != nil {
				t.Errorf("got entries %v with the error %v", entries, err)
			}
			return
		}
		if again, err := parse(encode(entries)); err != nil || !maps.Equal(again, entries) {
			t.Errorf("got %v, %v, want %v", again, err, entries)
		}
	})
}
