package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"alexnet/alexnet"
	"alexnet/input"
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

func scanAll(t *testing.T, dir string, anew bool, examples ...input.Example) {
	t.Helper()
	s, err := Open(Options{Preprocessing: preprocessing(side), Dir: dir, IgnoreVerdicts: anew, Workers: 1, Note: func(text string) { t.Error(text) },
		Fast: func(context.Context, input.Example, uint64, []float32) error { return nil }})
	must(t, err)
	defer s.Close()
	for _, ex := range examples {
		_ = s.Try(t.Context(), ex) // the verdict is what counts
	}
}

// An image is decoded for its verdict once, wherever it lies and whatever it is
// called, until its bytes change.
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
	// Size and time of change as before, bytes too: this is believed.
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(bad.Path, old, old))
	want("touched", 0, "bad.jpg ", bad)
	// The same size and time, as of a backup that is brought back: it is looked at.
	info, err := os.Stat(bad.Path)
	must(t, err)
	must(t, os.WriteFile(bad.Path, testmodel.JPEG(5)[:info.Size()], 0o644))
	must(t, os.Chtimes(bad.Path, old, old))
	want("of the same size and time", 1, "", bad)
}

// Of a file that is damaged, or that another decoder wrote, nothing is believed.
func TestVerdictsDamaged(t *testing.T) {
	good := writeImage(t, "good.jpg", testmodel.JPEG(1))
	cases := map[string]struct {
		change func(text []byte) []byte
		note   bool
	}{
		"a bit":           {func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, true},
		"cut":             {func(b []byte) []byte { return b[:len(b)-9] }, true},
		"empty":           {func([]byte) []byte { return nil }, true},
		"something else":  {func([]byte) []byte { return []byte("hello\n") }, true},
		"another decoder": {func(b []byte) []byte { return withChecksum(bytes.Replace(b, []byte(",2,"), []byte(",0,"), 1)) }, false},
		"odd rows": {func(b []byte) []byte {
			return withChecksum(bytes.Replace(b, []byte("good.jpg,"), []byte("good.jpg,,"), 1))
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

// A scan anew corrects a wrong verdict on an image that is as it was.
func TestVerdictsCorrected(t *testing.T) {
	dir := t.TempDir()
	good := writeImage(t, "good.jpg", testmodel.JPEG(1))
	scan(t, dir, good)
	file := filepath.Join(dir, verdictsName)
	text, err := os.ReadFile(file)
	must(t, err)
	wrong := bytes.Replace(text, []byte(",,0,\n"), []byte(",is damaged,3,\n"), 1)
	must(t, os.WriteFile(file, withChecksum(wrong), 0o644))
	var notes []string
	if n, refused := countDecoded(t, dir, &notes, good); n != 0 || refused != "good.jpg " {
		t.Fatalf("got %d decoded, %q refused, want the wrong verdict believed", n, refused)
	}
	scanAll(t, dir, true, good)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got verdicts %q, %v, want %q", got, err, text)
	}
}

// An image that ends a child has no verdict any more, though it passed once.
func TestVerdictsForgetOneThatCrashes(t *testing.T) {
	dir := t.TempDir()
	good, bad := writeImage(t, "good.jpg", testmodel.JPEG(1)), writeImage(t, "bad.png", faultyImage(t, "panic"))
	file := filepath.Join(dir, verdictsName)
	v := openVerdicts(dir, func(string) {})
	v.add(bad.Path, markOf(bad.Path), sha256.Sum256(faultyImage(t, "panic")), response{})
	v.save()
	scan(t, dir, good)
	text, err := os.ReadFile(file)
	must(t, err)
	if !strings.Contains(string(text), "bad.png") {
		t.Fatalf("got verdicts %s, want one on bad.png", text)
	}
	scanAll(t, dir, true, good, bad)
	text, err = os.ReadFile(file)
	must(t, err)
	if strings.Contains(string(text), "bad.png") || !strings.Contains(string(text), "good.jpg") {
		t.Errorf("got verdicts %s, want one on good.jpg alone", text)
	}
}

// What a process that died over the file has left is removed once it is old.
func TestVerdictsSweep(t *testing.T) {
	dir := t.TempDir()
	v := openVerdicts(dir, func(text string) { t.Error(text) })
	v.news = true
	for name, age := range map[string]time.Duration{".verdicts.csv.1": 2 * time.Hour, ".verdicts.csv.2": time.Minute} {
		path, when := filepath.Join(dir, name), time.Now().Add(-age)
		must(t, os.WriteFile(path, nil, 0o666))
		must(t, os.Chtimes(path, when, when))
	}
	v.save()
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	must(t, err)
	if want := []string{filepath.Join(dir, ".verdicts.csv.2")}; !slices.Equal(left, want) {
		t.Errorf("got %q left, want %q, which another process may be writing", left, want)
	}
}

// Verdicts on images that are gone are forgotten; those of others stay.
func TestVerdictsForget(t *testing.T) {
	dir := t.TempDir()
	gone, stays := writeImage(t, "gone.jpg", testmodel.JPEG(1)), writeImage(t, "stays.jpg", testmodel.JPEG(2))
	scan(t, dir, gone, stays)
	must(t, os.Remove(gone.Path))
	scan(t, dir, writeImage(t, "new.jpg", testmodel.JPEG(3)))
	text, err := os.ReadFile(filepath.Join(dir, verdictsName))
	must(t, err)
	for name, want := range map[string]bool{"gone.jpg": false, "stays.jpg": true, "new.jpg": true} {
		if got := strings.Contains(string(text), name); got != want {
			t.Errorf("%s in the file: got %v, want %v", name, got, want)
		}
	}
}
