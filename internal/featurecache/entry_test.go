package featurecache_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/internal/content"
	"alexnet/internal/featurecache"
)

// A row is found by the image's content, wherever the file is, until that changes. The
// index of contents spares reading it.
func TestRowsFollowContent(t *testing.T) {
	dir, all := t.TempDir(), images(t, "ab")
	f := openFor(t, dir, all, featurecache.Options{})
	must(t, f.Write(0, rowOf('a')))
	must(t, f.Write(1, rowOf('b')))
	must(t, f.Close())
	moved := filepath.Join(t.TempDir(), "moved")
	must(t, os.Rename(all[0].Path, moved))
	hold(t, all[1].Path, "x", long)
	contents := content.Open("", nil)
	for range 2 {
		f = openFor(t, dir, []featurecache.Entry{{Path: moved}, all[1]}, featurecache.Options{Contents: contents})
		row := make([]float32, width)
		if must(t, f.Read(0, row)); row[0] != 'a' || f.Has(1) {
			t.Errorf("got row %v and has %v, want that of the moved image alone", row, f.Has(1))
		}
		must(t, f.Close())
		content.OnHash = func(path string) { t.Errorf("got %q read again", path) }
	}
	content.OnHash = nil
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

// An image that cannot be read is named.
func TestUnreadableImages(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		bad  string
		want error
		says string
	}{
		"missing":  {context.Background(), missing, fs.ErrNotExist, missing},
		"folder":   {context.Background(), dir, nil, dir},
		"canceled": {ended, missing, context.Canceled, ""},
	} {
		_, err := featurecache.OpenFile(c.ctx, filepath.Join(dir, "cache"), key, width, append(images(t, "a"), featurecache.Entry{Path: c.bad}), featurecache.Options{})
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v that names %q", name, err, c.want, c.says)
		}
	}
}
