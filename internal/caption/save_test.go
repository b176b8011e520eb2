package caption

import (
	"bytes"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSave(t *testing.T) {
	for _, name := range []string{"a.png", "a.jpg", "a.JPEG"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			for range 2 { // its own file is replaced
				if err := Save(path, testImage(64, 48)); err != nil {
					t.Fatal(err)
				}
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			img, err := Decode(b, 1)
			if err != nil || img.Rect != image.Rect(0, 0, 64, 48) {
				t.Errorf("read back: got %v, %v", img, err)
			}
			if name == "a.png" && !bytes.Equal(img.Pix, testImage(64, 48).Pix) {
				t.Error("read back: got other pixels")
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("got %v in the folder, want the image alone", entries)
			}
		})
	}
}

func TestSaveNeverReplacesAnImage(t *testing.T) {
	img := encoded(t, asJPEG, corners())
	tests := []struct {
		name string
		make func(dir, path string) error
	}{
		{"image", func(_, path string) error { return os.WriteFile(path, img, 0o600) }},
		{"empty file", func(_, path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"folder", func(_, path string) error { return os.Mkdir(path, 0o700) }},
		{"link to its own", func(dir, path string) error {
			own := filepath.Join(dir, "own.jpg")
			return errors.Join(Save(own, corners()), os.Symlink(own, path))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "cat.jpg")
			if err := test.make(dir, path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadDir(dir)
			if err := Save(path, corners()); !errors.Is(err, errExists) {
				t.Errorf("got %v, want errExists", err)
			}
			if after, _ := os.ReadDir(dir); len(after) != len(before) {
				t.Errorf("got %v in the folder, want %v", after, before)
			}
			if b, err := os.ReadFile(path); test.name == "image" && (err != nil || !bytes.Equal(b, img)) {
				t.Error("the image changed")
			}
		})
	}
}

func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	if err := Save(filepath.Join(dir, "a.gif"), corners()); err == nil || !strings.Contains(err.Error(), `got the extension ".gif"`) {
		t.Errorf("unknown ending: got %v", err)
	}
	if err := Save(filepath.Join(dir, "none", "a.png"), corners()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: got %v, want that it does not exist", err)
	}
	if err := Save(filepath.Join(dir, "a.png"), image.NewNRGBA(image.Rectangle{})); err == nil {
		t.Error("empty image: got no error")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("got %v left in the folder, want nothing", entries)
	}
}

func TestTargetNames(t *testing.T) {
	tests := []struct {
		name         string
		paths, taken []string
		want         []string
	}{
		{"none", nil, nil, []string{}},
		{"kept", []string{"a/cat.jpg", "dog.PNG", "x.webp"}, nil, []string{"cat.jpg", "dog.png", "x.jpg"}},
		{"same base", []string{"a/cat.jpg", "b/cat.jpg", "c/cat.jpeg"}, nil, []string{"cat.jpg", "cat-2.jpg", "cat-3.jpg"}},
		{"number taken", []string{"cat-2.jpg", "a/cat.jpg", "b/cat.jpg"}, nil, []string{"cat-2.jpg", "cat.jpg", "cat-3.jpg"}},
		{"case", []string{"Cat.jpg", "cat.jpg"}, nil, []string{"Cat.jpg", "cat-2.jpg"}},
		{"taken", []string{"sheet.png", "sheet.jpg"}, []string{"sheet.png"}, []string{"sheet-2.png", "sheet.jpg"}},
		{"no name", []string{"-", "", "/", ".jpg"}, nil, []string{"image.jpg", "image-2.jpg", "image-3.jpg", "image-4.jpg"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := TargetNames(test.paths, test.taken...); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTargetNamesAreDistinct(t *testing.T) {
	path := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a/x.jpg", "x.jpg", "x-2.jpg", "X.png", "x", "x-3", "../..", "x-2-2.jpg"}))
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOf(path).Draw(t, "paths")
		seen := map[string]bool{}
		for i, name := range TargetNames(paths, "sheet.png") {
			key := strings.ToLower(name)
			if seen[key] || key == "sheet.png" {
				t.Fatalf("%q: got %q twice", paths[i], name)
			}
			if name != filepath.Base(name) || name == ".." {
				t.Fatalf("%q: got %q, want a name inside the folder", paths[i], name)
			}
			seen[key] = true
		}
	})
}
