package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/testmodel"
)

func preprocessing(size int) alexnet.Preprocessing {
	return alexnet.Config{Size: size}.Preprocessing(alexnet.Squash, true, nil)
}

// asked counts the images of examples that have to be decoded to be judged.
func countDecoded(t *testing.T, dir string, notes *[]string, examples ...input.Example) (n int, refused string) {
	t.Helper()
	s, err := Open(Options{Preprocessing: preprocessing(side), Dir: dir, Workers: 1, Note: func(text string) { *notes = append(*notes, text) },
		Fast: func(context.Context, input.Example, uint64, []float32) error { n++; return nil }})
	must(t, err)
	defer s.Close()
	ready.Store(false) // so that Fast is asked for a verdict
	defer ready.Store(true)
	for _, ex := range examples {
		if err := s.Try(t.Context(), ex); err != nil {
			refused += filepath.Base(ex.Path) + " "
		}
	}
	*notes = slices.DeleteFunc(*notes, func(note string) bool { return strings.Contains(note, errNoMain.Error()) })
	return n, refused
}

// learn scans examples with children.
func scan(t *testing.T, dir string, examples ...input.Example) {
	t.Helper()
	scanAll(t, dir, false, examples...)
}

func scanAll(t *testing.T, dir string, again bool, examples ...input.Example) {
	t.Helper()
	s, err := Open(Options{Preprocessing: preprocessing(side), Dir: dir, IgnoreVerdicts: again, Workers: 1, Note: func(text string) { t.Error(text) },
		Fast: func(context.Context, input.Example, uint64, []float32) error { return nil }})
	must(t, err)
	defer s.Close()
	for _, ex := range examples {
		_ = s.Try(t.Context(), ex) // the verdict is what counts
	}
}

// An image is verified once, whatever its path, until its content changes.
func TestVerdictsAreKept(t *testing.T) {
	dir := t.TempDir()
	whole := testmodel.JPEG(1)
	good, bad := writeImage(t, "good.jpg", whole), writeImage(t, "bad.jpg", whole[:len(whole)/2])
	scan(t, dir, good, bad)
	var notes []string
	want := func(what string, n int, refused string, examples ...input.Example) {
		t.Helper()
		if gotN, gotRefused := countDecoded(t, dir, &notes, examples...); gotN != n || gotRefused != refused || len(notes) > 0 {
			t.Errorf("%s: got %d decoded, %q refused, notes %q; want %d and %q", what, gotN, gotRefused, notes, n, refused)
		}
		notes = nil
	}
	want("the same", 0, "bad.jpg ", good, bad)
	want("a copy", 0, "", writeImage(t, "copy", whole))
	want("another image", 1, "", writeImage(t, "other.jpg", testmodel.JPEG(2)))
	must(t, os.WriteFile(good.Path, testmodel.JPEG(3), 0o644))
	good = writeImage(t, "good.jpg", testmodel.JPEG(4))
	want("other bytes", 1, "", good)
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(bad.Path, old, old))
	want("touched", 0, "bad.jpg ", bad)
	// As of a restored backup: only the inode change time differs.
	info, err := os.Stat(bad.Path)
	must(t, err)
	must(t, os.WriteFile(bad.Path, testmodel.JPEG(5)[:info.Size()], 0o644))
	must(t, os.Chtimes(bad.Path, old, old))
	want("the same size and time", 1, "", bad)
}

// A file that is damaged, or of another decoder, is ignored.
func TestVerdictsDamaged(t *testing.T) {
	good := writeImage(t, "good.jpg", testmodel.JPEG(1))
	cases := map[string]struct {
		change func(text []byte) []byte
		note   bool
	}{
		"a bit":          {func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, true},
		"cut":            {func(b []byte) []byte { return b[:len(b)-9] }, true},
		"empty":          {func([]byte) []byte { return nil }, true},
		"something else": {func([]byte) []byte { return []byte("hello\n") }, true},
		"another decoder": {func(b []byte) []byte {
			return withChecksum(bytes.Replace(b, []byte(","+version+","), []byte(",0,"), 1))
		}, false},
		"odd rows": {func(b []byte) []byte {
			return withChecksum(bytes.Replace(b, []byte(",,0,"), []byte(",,,0,"), 1))
		}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			scan(t, dir, good)
			file := filepath.Join(dir, verdictsName)
			text, err := os.ReadFile(file)
			must(t, err)
			must(t, os.WriteFile(file, c.change(text), 0o644))
			var notes []string
			n, _ := countDecoded(t, dir, &notes, good)
			if n != 1 || len(notes) > 0 != c.note {
				t.Errorf("got %d decoded, notes %q, want 1, noted: %v", n, notes, c.note)
			}
		})
	}
}

func withChecksum(text []byte) []byte {
	end := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	return append(text[:end:end], checksum(text[:end])...)
}

// Ignoring the verdicts corrects a wrong one on an unchanged image.
func TestVerdictsCorrected(t *testing.T) {
	dir := t.TempDir()
	good := writeImage(t, "good.jpg", testmodel.JPEG(1))
	scan(t, dir, good)
	file := filepath.Join(dir, verdictsName)
	text, err := os.ReadFile(file)
	must(t, err)
	wrong := bytes.Replace(text, []byte(",,0,,\n"), []byte(",is damaged,3,,\n"), 1)
	must(t, os.WriteFile(file, withChecksum(wrong), 0o644))
	var notes []string
	if n, refused := countDecoded(t, dir, &notes, good); n != 0 || refused != "good.jpg " {
		t.Fatalf("got %d decoded, %q refused, want the wrong verdict used", n, refused)
	}
	scanAll(t, dir, true, good)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got verdicts %q, %v, want %q", got, err, text)
	}
}

// stored reports whether the file in dir has a verdict on an image.
func stored(t *testing.T, dir string, encoded []byte) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, verdictsName))
	must(t, err)
	return strings.Contains(string(text), fmt.Sprintf("%x", sha256.Sum256(encoded)))
}

// An image that crashes a child loses its verdict, even if it passed before.
func TestVerdictsForgetOneThatCrashes(t *testing.T) {
	dir := t.TempDir()
	good, bad := writeImage(t, "good.jpg", testmodel.JPEG(1)), writeImage(t, "bad.png", faultyImage(t, "panic"))
	contents := content.Open(dir, nil)
	hash, err := contents.Of(bad.Path)
	must(t, err)
	v := openVerdicts(dir, contents, func(string) {})
	v.add(hash, response{})
	v.save()
	scan(t, dir, good)
	if !stored(t, dir, faultyImage(t, "panic")) {
		t.Fatal("got no verdict on bad.png, want one")
	}
	scanAll(t, dir, true, good, bad)
	if stored(t, dir, faultyImage(t, "panic")) || !stored(t, dir, testmodel.JPEG(1)) {
		t.Error("got a verdict on bad.png or none on good.jpg, want one on good.jpg alone")
	}
}

// Verdicts on images that no longer exist are dropped; others stay.
func TestVerdictsForget(t *testing.T) {
	dir := t.TempDir()
	gone, stays := writeImage(t, "gone.jpg", testmodel.JPEG(1)), writeImage(t, "stays.jpg", testmodel.JPEG(2))
	scan(t, dir, gone, stays)
	must(t, os.Remove(gone.Path))
	scan(t, dir, writeImage(t, "new.jpg", testmodel.JPEG(3)))
	for i, want := range []bool{false, true, true} {
		if got := stored(t, dir, testmodel.JPEG(i+1)); got != want {
			t.Errorf("image %d stored: got %v, want %v", i+1, got, want)
		}
	}
}
