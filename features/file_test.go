package features_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/features"
)

// A row is found by the picture's content: the order, copies, and which other
// pictures come and go do not matter.
func TestFileFindsRowsByContent(t *testing.T) {
	dir := t.TempDir()
	path := keep(t, dir, "abc")
	for letters, want := range map[string]string{
		"abc": "abc", "cba": "cba", "xbyz": "b", "bab": "bab", "xy": "", "": "",
	} {
		f := open(t, dir, letters)
		if got := kept(t, f, letters); got != want {
			t.Errorf("pictures %q: got rows of %q, want %q", letters, got, want)
		}
		must(t, f.Close())
	}
	if got := size(t, path); got != header+3*record {
		t.Errorf("got a file of %d bytes, want the %d it had", got, header+3*record)
	}
	f := open(t, dir, "xyz")
	must(t, f.Write(1, rowOf('y')))
	must(t, f.Close())
	if got := kept(t, open(t, dir, "ayc"), "ayc"); got != "ayc" {
		t.Errorf("after another run's pictures: got %q, want ayc", got)
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
	second, last := int64(header+record), int64(header+2*record)
	cut := func(size int64) func(testing.TB, string) {
		return func(t testing.TB, path string) { must(t, os.Truncate(path, size)) }
	}
	flipped := func(at int64) func(testing.TB, string) {
		return func(t testing.TB, path string) { flip(t, path, at) }
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
		size   int64 // once it was opened
	}{
		"none":                    {func(testing.TB, string) {}, "abc", last + record},
		"last row torn":           {cut(last + record - 1), "ab", last},
		"last tag torn":           {cut(last + tag - 1), "ab", last},
		"last row never written":  {zeros(last+tag, last+record), "ab", last + record},
		"last record all zeros":   {zeros(last, last+record), "ab", last},
		"torn, a part of zeros":   {zeros(last, last+record+7), "ab", last},
		"bit in a content":        {flipped(second + 3), "ac", last + record},
		"bit in a row's checksum": {flipped(second + 33), "ac", last + record},
		"bit in a tag's checksum": {flipped(second + 37), "ac", last + record},
		"bit in the last tag":     {flipped(last + 3), "ab", last},
		"bit in a row":            {flipped(second + tag + 9), "ac", last + record},
		"bit in the width":        {flipped(21), "", header},
		"bit in the key":          {flipped(30), "", header},
		"bit in the header's sum": {flipped(61), "", header},
		"header alone":            {cut(header), "", header},
		"header torn":             {cut(header - 1), "", header},
		"magic torn":              {cut(5), "", header},
		"empty":                   {cut(0), "", header},
		"all zeros":               {zeros(0, last), "", header},
		"zeros after a part":      {zeros(5, last), "", header},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := keep(t, dir, "abc")
			c.damage(t, path)
			f := open(t, dir, "abc")
			if got := kept(t, f, "abc"); got != c.want {
				t.Errorf("got rows of %q, want %q", got, c.want)
			}
			if got := size(t, path); got != c.size {
				t.Errorf("got %d bytes, want %d", got, c.size)
			}
			row := make([]float32, width)
			for i, l := range "abc" {
				if err := f.Read(i, row); err == nil {
					continue
				} else if !errors.Is(err, features.ErrMissing) {
					t.Errorf("picture %c: got %v, want %v", l, err, features.ErrMissing)
				}
				must(t, f.Write(i, rowOf(l)))
			}
			must(t, f.Close())
			if got := kept(t, open(t, dir, "cab"), "cab"); got != "cab" {
				t.Errorf("mended and opened anew: got rows of %q, want all", got)
			}
		})
	}
}

// Cut anywhere, a file keeps the whole records before the cut.
func TestFileCutAnywhere(t *testing.T) {
	whole, err := os.ReadFile(keep(t, t.TempDir(), "abc"))
	must(t, err)
	dir := t.TempDir()
	path := keep(t, dir, "a")
	for n := range whole {
		must(t, os.WriteFile(path, whole[:n], 0o644))
		f := open(t, dir, "abc")
		if got, want := kept(t, f, "abc"), "abc"[:max(0, n-header)/record]; got != want {
			t.Errorf("cut to %d bytes: got rows of %q, want %q", n, got, want)
		}
		must(t, f.Close())
	}
}

// Another key is another file; a file under the wrong name is not believed.
func TestFileBelongsToOneKeyAndWidth(t *testing.T) {
	dir := t.TempDir()
	path := keep(t, dir, "ab")
	before, err := os.ReadFile(path)
	must(t, err)
	other, err := features.OpenFile(dir, features.Key{9}, width, pictures("ab"))
	must(t, err)
	if other.Has(0) {
		t.Error("got a row under another key")
	}
	must(t, other.Close())
	files, err := filepath.Glob(filepath.Join(dir, "*.features"))
	must(t, err)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) || len(files) != 2 {
		t.Errorf("got files %q, error %v, want the first unchanged beside the second", files, err)
	}
	for name, open := range map[string]func() (*features.File, error){
		"key that begins alike": func() (*features.File, error) {
			k := key
			k[31]++
			return features.OpenFile(dir, k, width, pictures("ab"))
		},
		"width": func() (*features.File, error) { return features.OpenFile(dir, key, width+1, pictures("ab")) },
	} {
		must(t, os.WriteFile(path, before, 0o644))
		f, err := open()
		must(t, err)
		if f.Has(0) || f.Has(1) || size(t, path) != header {
			t.Errorf("another %s: got rows, or %d bytes left, want a file begun anew", name, size(t, path))
		}
		must(t, f.Close())
	}
}

// A file that something else wrote is named and stays as it is.
func TestFileLeavesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	path := keep(t, dir, "a")
	for name, text := range map[string]string{
		"a short text":      "hello",
		"a long text":       strings.Repeat("dear diary, ", 1000),
		"a later version":   strings.Replace(string(read(t, path)), "features 1", "features 2", 1),
		"zeros, then other": "\x00\x00\x00P" + strings.Repeat("\x00", 100),
	} {
		must(t, os.WriteFile(path, []byte(text), 0o644))
		f, err := features.OpenFile(dir, key, width, pictures("a"))
		if !errors.Is(err, features.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, %v, want %v and the name %q", name, f, err, features.ErrForeign, path)
		}
		if string(read(t, path)) != text {
			t.Errorf("%s: got it changed, want it as it was", name)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}

func TestFileIsOneProcessesAlone(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, "a")
	second, err := features.OpenFile(dir, key, width, pictures("a"))
	if !errors.Is(err, features.ErrBusy) {
		t.Fatalf("got %v, %v, want %v", second, err, features.ErrBusy)
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
	if _, err := features.OpenFile(dir, key, width, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder in the file's place: got %v, want an error that names %q", err, path)
	}
	must(t, os.WriteFile(filepath.Join(dir, "taken"), nil, 0o644))
	if _, err := features.OpenFile(filepath.Join(dir, "taken"), key, width, nil); err == nil {
		t.Error("a file in the folder's place: got no error")
	}
	if _, err := features.OpenFile(filepath.Join(dir, "deep", "down"), key, width, nil); err != nil {
		t.Errorf("a folder that is not there yet: got %v, want it made", err)
	}
}

func TestFileAfterClose(t *testing.T) {
	f := open(t, t.TempDir(), "ab")
	must(t, f.Write(0, rowOf('a')))
	must(t, f.Close())
	if err := f.Write(1, rowOf('b')); !errors.Is(err, os.ErrClosed) || f.Has(1) {
		t.Errorf("write: got %v and has %v, want %v and no row", err, f.Has(1), os.ErrClosed)
	}
	if err := f.Read(0, make([]float32, width)); !errors.Is(err, features.ErrMissing) {
		t.Errorf("read: got %v, want %v", err, features.ErrMissing)
	}
}
