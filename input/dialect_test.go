package input

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// A list in another format is an error that names the format, with a command that converts it.
func TestListDialects(t *testing.T) {
	utf16LE := func(text string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(text)) {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
		return b.String()
	}
	tests := []struct {
		name, text, want string
	}{
		{"semicolons", "a.png;cat\nb.png;dog\n", "2 columns separated by semicolons"},
		{"commas", "a.png,cat\r\nb.png,dog\r\n", "2 columns separated by commas"},
		{"commas and spaces", "a.png, cat\nb.png, dog\n", "2 columns separated by commas"},
		{"vertical bars", "a.png|cat\nb.png|dog\n", "2 columns separated by vertical bars"},
		{"header", "filename,label\na.png,cat\nb.png,dog\n", "2 columns separated by commas, a header line"},
		{"quotes", "\"a.png\",\"cat\"\n\"b.png\",\"dog\"\n", "2 columns separated by commas, values in quotes"},
		{"tabs, index first", "0\ta.png\tcat\n1\tb.png\tdog\n", "3 columns separated by tabs"},
		{"reversed", "cat a.png\ndog b.png\n", "the label before the path"},
		{"reversed, commas, header", "label,path\ncat,a.png\ndog,b.png\n", "2 columns separated by commas, a header line, the label before the path"},
		{"backslashes", "sub\\a.png cat\nsub\\b.png dog\n", "paths with backslashes"},
		{"backslashes and semicolons", "sub\\a.png;cat\nsub\\b.png;dog\n", "2 columns separated by semicolons, paths with backslashes"},
		{"one-hot", "path,cat,dog\na.png,1,0\nb.png,0,1\n", "3 columns separated by commas, a header line, a column for each class (one-hot)"},
		{"one-hot without header", "a.png 1 0\nb.png 0 1\n", "3 columns separated by spaces, a column for each class (one-hot)"},
		{"UTF-16", "\xff\xfe" + utf16LE("a.png cat\nb.png dog\n"), "got UTF-16, want UTF-8"},
		{"UTF-16 without mark", utf16LE("a.png cat\nb.png dog\n"), "got UTF-16LE, want UTF-8"},
		{"Latin-1", "a.png cat\nb.png caf\xe9\n", "got WINDOWS-1252, want UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pic := encode(t, PNG, gradient(4, 4))
			dir := writeFiles(t, map[string][]byte{"a.png": pic, "b.png": pic, "sub/a.png": pic, "sub/b.png": pic, "my list.csv": []byte(tt.text)})
			_, err := Open(filepath.Join(dir, "my list.csv"), Options{})
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			command := exec.Command("sh", "-c", strings.TrimPrefix(e.Hint, "convert it: "))
			command.Dir = dir
			if out, err := command.CombinedOutput(); err != nil {
				t.Skipf("cannot run awk and iconv: %v: %s", err, out)
			}
			d, err := Open(filepath.Join(dir, "my list.csv.converted"), Options{})
			if err != nil || len(d.Train) != 2 || d.Train[0].Label == d.Train[1].Label || len(d.Excluded) > 0 {
				text, _ := os.ReadFile(filepath.Join(dir, "my list.csv.converted"))
				t.Errorf("%s: got %+v, %v, from %q", e.Hint, d, err, text)
			}
		})
	}
}

// Paths are relative to the list's folder, or else to the working folder.
func TestListBase(t *testing.T) {
	pic := encode(t, PNG, gradient(4, 4))
	dir := writeFiles(t, map[string][]byte{"a.png": pic, "b.png": pic, "lists/all.txt": []byte("a.png cat\nb.png dog\n"),
		"lists/gone.txt": []byte("x/a.png cat\nx/b.png dog\n"), "lists/header.txt": []byte("path label\na.png cat\nb.png dog\n")})
	t.Chdir(dir)
	d, err := Open("lists/all.txt", Options{})
	if err != nil || labels(d.Train) != "a.png=0 b.png=1" || !strings.Contains(strings.Join(d.Notes, ""), "relative to the working folder") {
		t.Errorf("got %+v, %v", d, err)
	}
	_, err = Open("lists/gone.txt", Options{})
	for _, want := range []string{`none of its 2 images exists, such as "x/a.png"`, `folder "` + filepath.Join(dir, "lists") + `"`, `working folder "` + dir + `"`} {
		if !errors.Is(err, ErrNoImages) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	d, err = Open("lists/header.txt", Options{})
	if err != nil || len(d.Excluded) != 1 || !strings.Contains(d.Excluded[0].Hint, "remove line 1") {
		t.Errorf("header: got %+v, %v", d, err)
	}
}
