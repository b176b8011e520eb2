package featurecache_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alexnet/internal/featurecache"
)

// change is what becomes of a image's file before the cache is opened again.
type change struct {
	text string
	when time.Time
}

// A image whose path, size and time of change are as recorded is not read: its
// row is found though the file holds something else by now. Any other is read,
// its row found by what it holds, and the record renewed.
func TestPicturesAreReadOnce(t *testing.T) {
	later, now := long.Add(time.Nanosecond), time.Now().Add(time.Minute)
	for name, c := range map[string]struct {
		changes []change
		want    string // whose rows are found after each
	}{
		"nothing":                      {[]change{{"a", long}}, "a"},
		"text":                         {[]change{{"x", long}}, "a"},
		"text and size":                {[]change{{"xy", long}}, "-"},
		"text and time":                {[]change{{"x", later}}, "-"},
		"time, then text":              {[]change{{"a", later}, {"x", later}}, "aa"},
		"time, then text and time":     {[]change{{"a", later}, {"x", long}}, "a-"},
		"text, then back":              {[]change{{"x", later}, {"a", long}}, "-a"},
		"to another's":                 {[]change{{"b", later}}, "b"},
		"a moment ago, then text":      {[]change{{"a", now}, {"x", now}}, "a-"},
		"a moment ago, then as before": {[]change{{"x", now}, {"x", long}}, "--"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, all := t.TempDir(), images(t, "ab")
			f := openFor(t, dir, all, featurecache.Options{})
			must(t, f.Write(0, rowOf('a')))
			must(t, f.Write(1, rowOf('b')))
			must(t, f.Close())
			got := ""
			for _, step := range c.changes {
				hold(t, all[0].Path, step.text, step.when)
				f := openFor(t, dir, all[:1], featurecache.Options{})
				row := []float32{'-', 4: 0}
				if f.Has(0) {
					must(t, f.Read(0, row))
				}
				got += string(rune(row[0]))
				must(t, f.Close())
			}
			if got != c.want {
				t.Errorf("got the rows of %q, want those of %q", got, c.want)
			}
		})
	}
}

// The index knows a image under whatever key, by whatever spelling of its
// path, and whether or not it was shown in between.
func TestIndexServesAFolder(t *testing.T) {
	dir, all := t.TempDir(), images(t, "ab")
	f := openFor(t, dir, all, featurecache.Options{})
	must(t, f.Write(0, rowOf('a')))
	must(t, f.Close())
	half := featurecache.Options{Half: true}
	f = openFor(t, dir, all[1:], half)
	must(t, f.Close())
	hold(t, all[0].Path, "x", long) // behind the index's back
	t.Chdir(filepath.Dir(all[0].Path))
	f = openFor(t, dir, []featurecache.Entry{{Path: "./a"}, {Path: "../" + filepath.Base(filepath.Dir(all[0].Path)) + "/a"}}, featurecache.Options{})
	if !f.Has(0) || !f.Has(1) {
		t.Error("got no row by a relative path, want the image known")
	}
}

// One file decoded in several ways has two rows; two files of one content have one.
func TestVariants(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	hold(t, path, "a", long)
	hold(t, copied, "a", long)
	all := []featurecache.Entry{{path, 1, 0}, {path, 1, 9}, {copied, 1, 0}, {copied, 6, 9}}
	f := openFor(t, filepath.Join(dir, "cache"), all, featurecache.Options{})
	must(t, f.Write(0, rowOf('a')))
	must(t, f.Write(3, rowOf('b')))
	for i, want := range []bool{true, false, true, true} {
		if f.Has(i) != want {
			t.Errorf("image %d: got a row %v, want %v", i, f.Has(i), want)
		}
	}
	row := make([]float32, width)
	if must(t, f.Read(2, row)); row[0] != 'a' {
		t.Errorf("got %v, want the copy's row", row)
	}
}

// A damaged index costs reading the images again, no more, and is made whole.
func TestIndexSurvivesDamage(t *testing.T) {
	dir, all := t.TempDir(), images(t, "abc")
	f := openFor(t, dir, all, featurecache.Options{})
	for i, l := range "abc" {
		must(t, f.Write(i, rowOf(l)))
	}
	must(t, f.Close())
	path := filepath.Join(dir, "pictures.index")
	whole := string(read(t, path))
	try := func(what, damaged string) {
		t.Helper()
		must(t, os.WriteFile(path, []byte(damaged), 0o644))
		var said []string
		f := openFor(t, dir, all, notes(&said))
		if got := kept(t, f, "abc"); got != "abc" {
			t.Errorf("%s: got rows of %q, want all", what, got)
		}
		must(t, f.Close())
		if len(said) != 1 || !strings.Contains(said[0], path) || string(read(t, path)) != whole {
			t.Errorf("%s: got notes %q, want one that names %q, and it whole again", what, said, path)
		}
		os.Remove(path + ".foreign")
	}
	for n := range whole {
		try(fmt.Sprintf("cut to %d bytes", n), whole[:n])
		flipped := []byte(whole)
		flipped[n] ^= 4
		try(fmt.Sprintf("a bit of byte %d", n), string(flipped))
	}
	try("another version", strings.Replace(whole, "pictures 1", "pictures 2", 1))
	try("something else", "a list of images")
}

// What something else wrote in the index's place is kept.
func TestIndexSetsForeignFileAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pictures.index")
	must(t, os.WriteFile(path, []byte("a list"), 0o644))
	must(t, open(t, dir, "a").Close())
	if got := string(read(t, path+".foreign")); got != "a list" {
		t.Errorf("got %q, want the text", got)
	}
	must(t, os.WriteFile(path, []byte("a second list"), 0o644))
	_, err := featurecache.OpenFile(context.Background(), dir, key, width, nil, featurecache.Options{})
	if !errors.Is(err, featurecache.ErrForeign) || !strings.Contains(err.Error(), path) || string(read(t, path)) != "a second list" {
		t.Errorf("got %v, want %v, the name %q and the file as it was", err, featurecache.ErrForeign, path)
	}
}

// A image that cannot be read is named; what was read of the others before is
// not read again.
func TestUnreadablePictures(t *testing.T) {
	dir := t.TempDir()
	good := images(t, "a")
	missing := filepath.Join(dir, "missing")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		bad  string
		want error
		says string
	}{
		"missing": {context.Background(), missing, fs.ErrNotExist, missing},
		"folder":  {context.Background(), dir, nil, dir},
		"ended":   {ended, missing, context.Canceled, ""},
	} {
		_, err := featurecache.OpenFile(c.ctx, filepath.Join(dir, "cache"), key, width, append(good[:1:1], featurecache.Entry{Path: c.bad}), featurecache.Options{})
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v that names %q", name, err, c.want, c.says)
		}
	}
	path := good[0].Path
	hold(t, path, "x", long) // taken for the a that was read
	f := openFor(t, filepath.Join(dir, "cache"), good, featurecache.Options{})
	must(t, f.Write(0, rowOf('a')))
	must(t, f.Close())
	if got := kept(t, open(t, filepath.Join(dir, "cache"), "a"), "a"); got != "a" {
		t.Errorf("got rows of %q, want that of the text that was read at first", got)
	}
}
