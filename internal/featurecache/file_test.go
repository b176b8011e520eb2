package featurecache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"alexnet/internal/featurecache"
)

// A row is found by the image's content: the order, copies, and which other
// images come and go do not matter.
func TestFileFindsRowsByContent(t *testing.T) {
	dir := t.TempDir()
	path := keep(t, dir, "abc")
	for letters, want := range map[string]string{
		"abc": "abc", "cba": "cba", "xbyz": "b", "bab": "bab", "xy": "", "": "",
	} {
		f := open(t, dir, letters)
		if got := kept(t, f, letters); got != want {
			t.Errorf("images %q: got rows of %q, want %q", letters, got, want)
		}
		must(t, f.Close())
	}
	if got := size(t, path); got != rows+3*record {
		t.Errorf("got a file of %d bytes, want the %d it had", got, rows+3*record)
	}
	f := open(t, dir, "xyz")
	must(t, f.Write(1, rowOf('y')))
	must(t, f.Close())
	if got := kept(t, open(t, dir, "ayc"), "ayc"); got != "ayc" {
		t.Errorf("after another run's images: got %q, want ayc", got)
	}
}

func TestFileSharesTheRowOfCopies(t *testing.T) {
	f := open(t, t.TempDir(), "aba")
	must(t, f.Write(0, rowOf('a')))
	if got := kept(t, f, "aba"); got != "aa" {
		t.Errorf("got rows of %q, want that of both copies", got)
	}
}

// Whatever happens to a file, what is left of it is right, is found in the file
// as it was cut, and the file takes what is missing.
func TestFileSurvivesDamage(t *testing.T) {
	second, last := int64(rows+record), int64(rows+2*record)
	const secondTag, lastTag = header + tag, header + 2*tag
	cut := func(size int64) func(testing.TB, string) {
		return func(t testing.TB, path string) { must(t, os.Truncate(path, size)) }
	}
	flipped := func(at int64) func(testing.TB, string) {
		return func(t testing.TB, path string) { flip(t, path, at) }
	}
	version := func(t testing.TB, path string) {
		must(t, os.WriteFile(path, bytes.Replace(read(t, path), []byte("features 2"), []byte("features 1"), 1), 0o644))
	}
	zeros := func(from, size int64) func(testing.TB, string) {
		return func(t testing.TB, path string) {
			must(t, os.Truncate(path, from))
			must(t, os.Truncate(path, size))
		}
	}
	cases := map[string]struct {
		damage func(testing.TB, string)
		want   string
		says   string // "" for nothing
	}{
		"none":                    {func(testing.TB, string) {}, "abc", ""},
		"last row torn":           {cut(last + record - 1), "ab", ""},
		"last row cut off":        {cut(last), "ab", ""},
		"last row never written":  {zeros(last, last+record), "ab", ""},
		"all rows cut off":        {cut(rows), "", ""},
		"tags torn":               {cut(lastTag - 1), "", ""},
		"rows never written":      {zeros(lastTag, last+record), "", ""},
		"tags never written":      {zeros(secondTag+7, last+record), "", ""},
		"bit in a content":        {flipped(secondTag + 3), "ac", "1 of 3 rows"},
		"bit in a row's checksum": {flipped(secondTag + 33), "ac", "1 of 3 rows"},
		"bit in a tag's checksum": {flipped(secondTag + 37), "ac", "1 of 3 rows"},
		"bit in the last tag":     {flipped(lastTag + 3), "ab", ""},
		"bit in a row":            {flipped(second + 9), "ac", ""},
		"bit in the width":        {flipped(21), "", "recomputed"},
		"bit in the key":          {flipped(30), "", "recomputed"},
		"bit in the header's sum": {flipped(61), "", "recomputed"},
		"bit in the header's end": {flipped(4000), "", "recomputed"},
		"another version":         {version, "", "recomputed"},
		"header alone":            {cut(header), "", ""},
		"header torn":             {cut(header - 1), "", "recomputed"},
		"magic torn":              {cut(5), "", "recomputed"},
		"empty":                   {cut(0), "", ""},
		"all zeros":               {zeros(0, last), "", "recomputed"},
		"zeros after a part":      {zeros(5, last), "", "recomputed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := keep(t, dir, "abc")
			c.damage(t, path)
			var said []string
			f := openFor(t, dir, images(t, "abc"), notes(&said))
			if got := kept(t, f, "abc"); got != c.want {
				t.Errorf("got rows of %q, want %q", got, c.want)
			}
			if text := strings.Join(said, "; "); (c.says == "") != (said == nil) || !strings.Contains(text, c.says) || len(said) > 1 {
				t.Errorf("got notes %q, want one that says %q, or none", said, c.says)
			}
			row := make([]float32, width)
			for i, l := range "abc" {
				if err := f.Read(i, row); err == nil {
					continue
				} else if !errors.Is(err, featurecache.ErrMissing) {
					t.Errorf("image %c: got %v, want %v", l, err, featurecache.ErrMissing)
				}
				must(t, f.Write(i, rowOf(l)))
			}
			must(t, f.Close())
			if got := kept(t, open(t, dir, "cab"), "cab"); got != "cab" {
				t.Errorf("repaired and reopened: got rows of %q, want all", got)
			}
			if files, err := filepath.Glob(filepath.Join(dir, "*.foreign")); err != nil || files != nil {
				t.Errorf("got %q, %v, want no file of ours set aside", files, err)
			}
		})
	}
}

// Cut anywhere, a file keeps the rows before the cut.
func TestFileCutAnywhere(t *testing.T) {
	whole := read(t, keep(t, t.TempDir(), "abc"))
	dir := t.TempDir()
	path := keep(t, dir, "a")
	all := images(t, "abc")
	for n := range whole {
		if n > 100 && n < rows-100 && n%997 != 0 {
			continue
		}
		must(t, os.WriteFile(path, whole[:n], 0o644))
		f := openFor(t, dir, all, featurecache.Options{})
		if got, want := kept(t, f, "abc"), "abc"[:max(0, n-rows)/record]; got != want {
			t.Errorf("cut to %d bytes: got rows of %q, want %q", n, got, want)
		}
		must(t, f.Close())
	}
}

// Another key or number format is another file; a file under the wrong name is
// not trusted.
func TestFileBelongsToOneKeyAndWidth(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	path := keep(t, dir, "ab")
	before, all := read(t, path), images(t, "ab")
	for _, o := range []struct {
		key featurecache.Key
		featurecache.Options
	}{{key: featurecache.Key{9}}, {key, featurecache.Options{Half: true}}} {
		other, err := featurecache.OpenFile(ctx, dir, o.key, width, all, o.Options)
		must(t, err)
		if other.Has(0) {
			t.Errorf("got a row under %+v", o)
		}
		must(t, other.Close())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.features"))
	if must(t, err); len(files) != 3 || !bytes.Equal(read(t, path), before) {
		t.Errorf("got files %q, want the first unchanged beside two others", files)
	}
	alike := key
	alike[31]++
	for name, c := range map[string]struct {
		key   featurecache.Key
		width int
	}{"key that begins alike": {alike, width}, "width": {key, width + 1}} {
		must(t, os.WriteFile(path, before, 0o644))
		var said []string
		f, err := featurecache.OpenFile(ctx, dir, c.key, c.width, all, notes(&said))
		must(t, err)
		if f.Has(0) || f.Has(1) || size(t, path) != header || len(said) != 1 || !strings.Contains(said[0], path) {
			t.Errorf("another %s: got rows, or %d bytes left, or notes %q, want a recreated file and a note", name, size(t, path), said)
		}
		must(t, f.Close())
	}
}

// A file that something else wrote is named and kept under another name; where
// that is taken, nothing is touched.
func TestFileSetsForeignFilesAside(t *testing.T) {
	for name, text := range map[string]string{
		"a short text":      "hello",
		"a long text":       strings.Repeat("dear diary, ", 1000),
		"zeros, then other": "\x00\x00\x00P" + strings.Repeat("\x00", 100),
	} {
		dir := t.TempDir()
		path := keep(t, dir, "a")
		must(t, os.WriteFile(path, []byte(text), 0o644))
		all := images(t, "a")
		var said []string
		f := openFor(t, dir, all, notes(&said))
		if len(said) != 1 || !strings.Contains(said[0], path) || string(read(t, path+".foreign")) != text {
			t.Errorf("%s: got notes %q, want one that names %q, and the text beside it", name, said, path)
		}
		must(t, f.Write(0, rowOf('a')))
		must(t, f.Close())
		if got := kept(t, open(t, dir, "a"), "a"); got != "a" {
			t.Errorf("%s: got rows of %q in the file that took its place, want a", name, got)
		}

		again := "again " + text
		must(t, os.Remove(path))
		must(t, os.WriteFile(path, []byte(again), 0o644))
		_, err := featurecache.OpenFile(context.Background(), dir, key, width, all, featurecache.Options{})
		if !errors.Is(err, featurecache.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %v and the name %q", name, err, featurecache.ErrForeign, path)
		}
		if string(read(t, path)) != again || string(read(t, path+".foreign")) != text {
			t.Errorf("%s: got either changed, want both as they were", name)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}

func TestFileBelongsToOneProcess(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, "a")
	second, err := featurecache.OpenFile(context.Background(), dir, key, width, images(t, "a"), featurecache.Options{})
	if !errors.Is(err, featurecache.ErrBusy) {
		t.Fatalf("got %v, %v, want %v", second, err, featurecache.ErrBusy)
	}
	must(t, first.Write(0, rowOf('a')))
	if got := kept(t, first, "a"); got != "a" {
		t.Errorf("the first after the second was refused: got %q, want a", got)
	}
	must(t, first.Close())
	if got := kept(t, open(t, dir, "a"), "a"); got != "a" {
		t.Errorf("once the first has closed: got %q, want a", got)
	}
}

func TestOpenFileRefuses(t *testing.T) {
	dir := t.TempDir()
	path := keep(t, dir, "a")
	must(t, os.Remove(path))
	must(t, os.Mkdir(path, 0o777))
	try := func(dir string) error {
		f, err := featurecache.OpenFile(context.Background(), dir, key, width, nil, featurecache.Options{})
		if err == nil {
			must(t, f.Close())
		}
		return err
	}
	if err := try(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder in the file's place: got %v, want an error that names %q", err, path)
	}
	must(t, os.WriteFile(filepath.Join(dir, "taken"), nil, 0o644))
	if try(filepath.Join(dir, "taken")) == nil {
		t.Error("a file in the folder's place: got no error")
	}
	if err := try(filepath.Join(dir, "deep", "down")); err != nil {
		t.Errorf("a new folder: got %v, want it created", err)
	}
}

// A file with more rows than a group has is read past the first group's end.
func TestFileOfSeveralGroups(t *testing.T) {
	const count = 2*4096 + 3
	dir, all := t.TempDir(), variants(t, count)
	for _, o := range []featurecache.Options{{}, {Half: true}} {
		f := openFor(t, dir, all, o)
		for i := range all {
			must(t, f.Write(i, []float32{float32(i % 2048), 0, 1, 2, float32(i / 2048)}))
		}
		must(t, f.Close())
		f = openFor(t, dir, all, o)
		row := make([]float32, width)
		for i := range all {
			if must(t, f.Read(i, row)); row[0] != float32(i%2048) || row[4] != float32(i/2048) {
				t.Fatalf("%+v: image %d: got %v", o, i, row)
			}
		}
		must(t, f.Close())
	}
}

// A file takes little memory, however wide its rows are.
func TestFileTakesLittleMemory(t *testing.T) {
	const count = 20_000
	all := variants(t, count)
	before := live()
	f, err := featurecache.OpenFile(context.Background(), t.TempDir(), key, 9216, all, featurecache.Options{})
	must(t, err)
	grown := live() - before
	must(t, f.Close())
	if most := int64(44*count + 256<<10); grown > most {
		t.Errorf("got %d bytes for %d images, want at most %d", grown, count, most)
	}
	runtime.KeepAlive(all)
}

// live is how many bytes of Go's memory are in use.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// variants are many images of few files.
func variants(t testing.TB, count int) (all []featurecache.Entry) {
	dir := t.TempDir()
	for i := range count {
		path := filepath.Join(dir, fmt.Sprint(i/256))
		if i%256 == 0 {
			hold(t, path, path, long)
		}
		all = append(all, featurecache.Entry{Path: path, Draw: uint64(i)})
	}
	return all
}

func TestFileAfterClose(t *testing.T) {
	f := open(t, t.TempDir(), "ab")
	must(t, f.Write(0, rowOf('a')))
	must(t, f.Close())
	if err := f.Write(1, rowOf('b')); !errors.Is(err, os.ErrClosed) || f.Has(1) {
		t.Errorf("write: got %v and has %v, want %v and no row", err, f.Has(1), os.ErrClosed)
	}
	if err := f.Read(0, make([]float32, width)); !errors.Is(err, featurecache.ErrMissing) {
		t.Errorf("read: got %v, want %v", err, featurecache.ErrMissing)
	}
}
