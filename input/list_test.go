package input

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseList(t *testing.T) {
	tests := []struct {
		name, text string
		want       []line
		err        string // "" if none
	}{
		{"plain", "a.jpg cat\nb.jpg dog\n", []line{{1, "a.jpg", "cat"}, {2, "b.jpg", "dog"}}, ""},
		{"spaces in path", "my old  cat.jpg 0", []line{{1, "my old  cat.jpg", "0"}}, ""},
		{"tab and spaces in both", "my dog.jpg\tgolden retriever", []line{{1, "my dog.jpg", "golden retriever"}}, ""},
		{"quoted", `"# a b.jpg" golden retriever`, []line{{1, "# a b.jpg", "golden retriever"}}, ""},
		{"comments, blanks, CRLF, BOM", "\xef\xbb\xbf# list\r\n\r\n  a.jpg\t1 \r\n #x y", []line{{3, "a.jpg", "1"}}, ""},
		{"nothing", "", nil, ""},
		{"no label", "a.jpg cat\n\nb.jpg\n", nil, `line 3: no label found: got "b.jpg"`},
		{"quoted without label", `"a b.jpg"`, nil, "line 1: no label found"},
		{"open quote", `"a.jpg cat`, nil, "line 1: path without closing quote"},
		{"binary", "a.jpg cat\n\x00\x01 cat", nil, "line 2: not a list file"},
		{"not utf-8", "a\xff.jpg cat", nil, "line 1: not a list file"},
		{"too long", "a.jpg cat\n" + strings.Repeat("x", maxLine+1), nil, "line 2: longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseList(strings.NewReader(tt.text))
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got error %v, want %q", err, tt.err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzParseList(f *testing.F) {
	f.Add("a.jpg cat\n\"b c.jpg\" dog\n# no\nd e.jpg\tbig dog\n")
	f.Add("a.jpg\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parseList(strings.NewReader(text))
		if err != nil {
			return
		}
		var again strings.Builder
		for _, l := range lines {
			if l.path == "" || l.label == "" {
				t.Fatalf("got line %+v", l)
			}
			if strings.Contains(l.path, `"`) {
				return // such a path cannot be quoted
			}
			fmt.Fprintf(&again, "\"%s\" %s\n", l.path, l.label)
		}
		back, err := parseList(strings.NewReader(again.String()))
		if err != nil || len(back) != len(lines) {
			t.Fatalf("got %d lines and %v, want %d", len(back), err, len(lines))
		}
		for i := range back {
			if back[i].path != lines[i].path || back[i].label != lines[i].label {
				t.Fatalf("got %+v, want %+v", back[i], lines[i])
			}
		}
	})
}

func TestOpenList(t *testing.T) {
	pic := encode(t, PNG, gradient(4, 4))
	dir := writeFiles(t, map[string][]byte{
		"pics/my cat.png": pic, "pics/dog.png": pic, "pics/no.png": []byte("text"),
		"list.txt": []byte("pics/my cat.png cat\n./pics/dog.png dog\npics/no.png dog\npics/gone.png dog\n"),
	})
	d, err := Open(filepath.Join(dir, "list.txt"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ex := range d.Train {
		names = append(names, ex.Name)
	}
	if want := []string{"pics/my cat.png", "pics/dog.png"}; !slices.Equal(names, want) || d.Layout != listFile {
		t.Errorf("got %q in layout %q, want %q", names, d.Layout, want)
	}
	if len(d.Excluded) != 2 || !strings.HasSuffix(d.Excluded[0].Path, "no.png") || !strings.Contains(d.Excluded[1].Reason, "no such file") {
		t.Errorf("got excluded %v", d.Excluded)
	}
}

func TestOpenListRejects(t *testing.T) {
	tests := []struct {
		name    string
		content []byte
		reason  error
		words   string
	}{
		{"line without label", []byte("a.png cat\nb.png\n"), errNoLabel, "line 2"},
		{"two labels", []byte("a.png cat\na.png dog\n"), errConflictingLabels, `line 2: image has conflicting labels: got "dog" for "a.png", but "cat" in line 1`},
		{"binary", []byte{1, 0, 2}, errNotList, "line 1"},
		{"an image", encode(t, PNG, gradient(2, 2)), nil, "PNG image"},
		{"nothing in it", []byte("# none\n"), ErrNoImages, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(writeFiles(t, map[string][]byte{"list.txt": tt.content}), "list.txt")
			_, err := Open(path, Options{})
			var e *Error
			if !errors.As(err, &e) || e.Path != path || e.Hint == "" || tt.reason != nil && !errors.Is(err, tt.reason) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, want an *Error with a hint, reason %v and the substring %q", err, tt.reason, tt.words)
			}
		})
	}
}
