package input

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/content"
)

// writeDataset writes PNG files with the given names, and other files.
func writeDataset(t testing.TB, names []string, others ...string) string {
	t.Helper()
	files := map[string][]byte{}
	for i, n := range names {
		files[n] = encode(t, PNG, gradient(3+i, 4))
	}
	for _, n := range others {
		files[n] = []byte("text")
	}
	return writeFiles(t, files)
}

// labels formats examples as `name=label`.
func labels(examples []Example) string {
	var s []string
	for _, ex := range examples {
		s = append(s, ex.Name+"="+string(rune('0'+ex.Label)))
	}
	return strings.Join(s, " ")
}

func TestOpenLayouts(t *testing.T) {
	tests := []struct {
		name    string
		files   []string
		opt     Options
		classes string
		train   string
		val     string
	}{
		{"class folders", []string{"dog/1.png", "cat/b/2.png", "cat/1.png"}, Options{}, "cat dog",
			"cat/1.png=0 cat/b/2.png=0 dog/1.png=1", ""},
		{"numbers by value", []string{"10/a.png", "9/a.png", "x/a.png"}, Options{}, "9 10 x",
			"10/a.png=1 9/a.png=0 x/a.png=2", ""},
		{"flat", []string{"dog.0.png", "cat.0.png", "cat.1.x.png"}, Options{}, "cat dog",
			"cat.0.png=0 cat.1.x.png=0 dog.0.png=1", ""},
		{"train and val", []string{"train/a/1.png", "train/b/1.png", "val/a/2.png"}, Options{}, "a b",
			"a/1.png=0 b/1.png=1", "a/2.png=0"},
		{"val before test", []string{"train/a/1.png", "train/b/1.png", "val/a/2.png", "test/b/3.png"}, Options{}, "a b",
			"a/1.png=0 b/1.png=1", "a/2.png=0"},
		{"flat train, folders test", []string{"train/a.1.png", "train/b.1.png", "test/b/3.png"}, Options{}, "a b",
			"a.1.png=0 b.1.png=1", "b/3.png=1"},
		{"classes called train and test", []string{"plane/1.png", "train/1.png"}, Options{}, "plane train",
			"plane/1.png=0 train/1.png=1", ""},
		{"given classes", []string{"a/1.png", "b/1.png"}, Options{Classes: []string{"c", "b", "a"}}, "c b a",
			"a/1.png=2 b/1.png=1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Open(writeDataset(t, tt.files), tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(d.Classes, " "); got != tt.classes || labels(d.Train) != tt.train || labels(d.Val) != tt.val {
				t.Errorf("got classes %q, train %q, val %q", got, labels(d.Train), labels(d.Val))
			}
			if (d.ValFrom == "") != (tt.val == "") || len(d.Excluded) > 0 {
				t.Errorf("got val from %q, excluded %v", d.ValFrom, d.Excluded)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct {
		name   string
		files  []string
		opt    Options
		reason error
		hint   string
	}{
		{"no images", nil, Options{}, ErrNoImages, "one folder per class"},
		{"one class", []string{"cat/1.png"}, Options{}, errOneClass, "two or more"},
		{"not UTF-8", []string{"cat/1.png", "d\xf6g/1.png"}, Options{}, errClassName, "rename"},
		{"control characters", []string{"cat/1.png", "d\n\x1b[1mog/1.png"}, Options{}, errClassName, "rename"},
		{"classes too deep", []string{"photos/cat/1.png", "photos/dog/1.png"}, Options{}, errOneClass, "did you mean"},
		{"mixed", []string{"cat/1.png", "dog/1.png", "stray.1.png"}, Options{}, errMixedLayouts, "class folder"},
		{"flat without classes", []string{"IMG_1.png", "IMG_2.png"}, Options{}, errNoLabel, "cat.1.jpg"},
		{"no train", []string{"val/a/1.png", "test/a/1.png"}, Options{}, ErrNoImages, "folder train"},
		{"unknown class in val", []string{"train/a/1.png", "train/b/1.png", "val/c/1.png"}, Options{}, errUnknownClass, "same spelling"},
		{"unknown to given classes", []string{"a/1.png", "b/1.png"}, Options{Classes: []string{"a", "x"}}, errUnknownClass, "same spelling"},
		{"val is not a fraction", []string{"a/1.png", "b/1.png"}, Options{Val: "20"}, nil, "between 0 and 1"},
		{"val does not exist", []string{"a/1.png", "b/1.png"}, Options{Val: "gone"}, os.ErrNotExist, "a fraction"},
		{"fraction leaves nothing", []string{"a/1.png", "b/1.png"}, Options{Val: "1e-9"}, ErrNoImages, "another fraction"},
		{"bad options", []string{"a/1.png", "b/1.png"}, Options{Classes: []string{"a", "a"}}, nil, ""},
		{"split for training", []string{"a/1.png", "b/1.png"}, Options{Split: testSplit}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(writeDataset(t, tt.files, "notes.txt"), tt.opt)
			var e *Error
			if !errors.As(err, &e) || tt.reason != nil && !errors.Is(err, tt.reason) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("got %v (hint %q), want reason %v and hint %q", err, e.Hint, tt.reason, tt.hint)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "gone"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing data: got %v", err)
	}
}

func TestOpenVal(t *testing.T) {
	other := writeDataset(t, []string{"cat/9.png"})
	parent := writeDataset(t, []string{"train/cat/1.png", "train/dog/1.png", "val/dog/2.png", "test/cat/3.png"})
	writeFile(t, filepath.Join(other, "list.txt"), []byte("cat/9.png 0\n"))
	tests := []struct{ name, val, want, from, note string }{
		{"folder", other, "cat/9.png=0", other, "is not used"},
		{"list of indices", filepath.Join(other, "list.txt"), "cat/9.png=0", filepath.Join(other, "list.txt"), "zero-based indices"},
		{"folder of splits", parent, "dog/2.png=1", filepath.Join(parent, "val"), `class "cat" has no validation images`},
		{"own", "", "dog/2.png=1", filepath.Join(parent, "val"), `class "cat" has no validation images`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Open(parent, Options{Val: tt.val})
			if err != nil {
				t.Fatal(err)
			}
			if labels(d.Val) != tt.want || d.ValFrom != tt.from || !strings.Contains(strings.Join(d.Notes, "\n"), tt.note) {
				t.Errorf("got %q from %q, notes %q", labels(d.Val), d.ValFrom, d.Notes)
			}
		})
	}
	var many []string
	for _, n := range strings.Split("abcdefghijklmnop", "") {
		many = append(many, "train/x/"+n+".png", "train/y/"+n+".png")
	}
	d, err := Open(writeDataset(t, append(many, "val/x/1.png")), Options{Val: "0.5", Seed: 3})
	if err != nil || len(d.Train)+len(d.Val) != 32 || len(d.Val) < 6 || len(d.Train) < 6 || !strings.Contains(d.ValFrom, "0.5") {
		t.Errorf("fraction: got %d and %d from %q, %v", len(d.Train), len(d.Val), d.ValFrom, err)
	}
}

func TestOpenEval(t *testing.T) {
	parent := []string{"train/a/1.png", "train/b/1.png", "val/b/2.png", "test/a/3.png"}
	run := Options{Classes: []string{"b", "a"}}
	only := run
	only.Split = valSplit
	tests := []struct {
		name  string
		files []string
		opt   Options
		want  string
	}{
		{"test first", parent, run, "a/3.png=1"},
		{"val if asked", parent, only, "b/2.png=0"},
		{"val alone", parent[:3], run, "b/2.png=0"},
		{"folder without splits", []string{"a/1.png", "b/2.png"}, run, "a/1.png=1 b/2.png=0"},
		{"one class", []string{"a/1.png"}, run, "a/1.png=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := OpenEval(writeDataset(t, tt.files), tt.opt)
			if err != nil || labels(d.Val) != tt.want || len(d.Train) > 0 || d.ValFrom == "" {
				t.Errorf("got %+v, %v, want %q", d, err, tt.want)
			}
		})
	}
	for name, opt := range map[string]Options{"split of a folder without splits": only, "val": {Val: "0.2"}} {
		if _, err := OpenEval(writeDataset(t, []string{"a/1.png"}), opt); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestOpenExcludesAndNotes(t *testing.T) {
	dir := writeDataset(t, []string{"cat/1.png", "cat/.hidden.png", "dog/1.png"},
		"cat/Thumbs.db", "cat/.DS_Store", "cat/readme.txt", "bird/x.txt", "README")
	d, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var excluded []string
	for _, p := range d.Excluded {
		rel, _ := filepath.Rel(dir, p.Path)
		excluded = append(excluded, rel)
		if !strings.Contains(p.String(), "text") {
			t.Errorf("got %v, want it called text", p)
		}
	}
	if want := []string{"README", "bird/x.txt", "cat/readme.txt"}; !slices.Equal(excluded, want) {
		t.Errorf("got excluded with %q, want %q", excluded, want)
	}
	if labels(d.Train) != "cat/1.png=0 dog/1.png=1" || len(d.Notes) != 2 || !strings.Contains(d.Notes[0], "ignored 3 files") || !strings.Contains(d.Notes[1], `"bird"`) {
		t.Errorf("got %q, notes %q", labels(d.Train), d.Notes)
	}
}

func TestInventory(t *testing.T) {
	names := []string{"cat/1.png", "dog/1.png"}
	open := func(dir string) *Dataset {
		d, err := Open(dir, Options{Contents: content.Open("", nil)})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := open(writeDataset(t, names))
	if moved := open(writeDataset(t, names)); string(first.Inventory(nil)) != string(moved.Inventory(nil)) {
		t.Errorf("elsewhere: got %s, want %s", moved.Inventory(nil), first.Inventory(nil))
	}
	ex := first.Train[0]
	line := fmt.Sprintf("train %q %d %d %x\n", ex.Name, ex.Label, ex.Size, ex.Content)
	if got := string(first.Inventory(nil)); !strings.Contains(got, line) || ex.Content == (content.Hash{}) {
		t.Errorf("got %s, want the line %s", got, line)
	}
	if got := string(first.Inventory([]Excluded{{Path: ex.Path}})); !strings.Contains(got, fmt.Sprintf("train %q %d\n", ex.Name, ex.Label)) {
		t.Errorf("excluded: got %s, want no size and hash of %q", got, ex.Name)
	}
}
