package input

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOpenSplits(t *testing.T) {
	list := func(lines ...string) string { return strings.Join(lines, "\n") }
	tests := []struct {
		name       string
		images     []string
		lists      map[string]string
		train, val string
		notes      []string // substring of each
	}{
		{"lists next to a folder", []string{"all/1.png", "all/2.png", "all/3.png"},
			map[string]string{"train.txt": list("all/1.png a", "all/2.png b"), "val.txt": "all/3.png b"},
			"all/1.png=0 all/2.png=1", "all/3.png=1", []string{`"a" has no validation images`}},
		{"lists of the images in class folders", []string{"a/1.png", "b/2.png", "b/3.png"},
			map[string]string{"train.txt": list("a/1.png a", "b/2.png b"), "dev.txt": "b/3.png b"},
			"a/1.png=0 b/2.png=1", "b/3.png=1", []string{`"a" has no validation images`}},
		{"folder before list", []string{"train/a/1.png", "train/b/2.png"},
			map[string]string{"train.txt": "train/a/1.png b"},
			"a/1.png=0 b/2.png=1", "", []string{`train.txt" is not used`}},
		{"other folders", []string{"Train/a/1.png", "Train/b/2.png", "Validation/a/3.png", "raw/c/4.png"}, nil,
			"a/1.png=0 b/2.png=1", "a/3.png=0", []string{`"raw" is not used`, `"b" has no validation images`}},
		{"hidden folders", []string{".cache/x/1.png", "train/a/1.png", "train/b/2.png"}, nil,
			"a/1.png=0 b/2.png=1", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeDataset(t, tt.images)
			for name, text := range tt.lists {
				writeFile(t, filepath.Join(dir, name), []byte(text))
			}
			d, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if labels(d.Train) != tt.train || labels(d.Val) != tt.val {
				t.Errorf("got train %q, val %q", labels(d.Train), labels(d.Val))
			}
			if !slices.EqualFunc(d.Notes, tt.notes, strings.Contains) {
				t.Errorf("got notes %q, want %q", d.Notes, tt.notes)
			}
		})
	}
}

func TestFlatNamesWithoutClassAreExcluded(t *testing.T) {
	d, err := Open(writeDataset(t, []string{"a.1.png", "b.1.png", "IMG_1.png"}), Options{})
	if err != nil || labels(d.Train) != "a.1.png=0 b.1.png=1" || len(d.Excluded) != 1 || !strings.Contains(d.Excluded[0].Reason, "no class") {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestOptionsValidateJoinsAll(t *testing.T) {
	err := Options{Split: "dev", Classes: []string{""}, Formats: []Format{"heic"},
		Limits: Limits{MaxBytes: -1, MaxPixels: 1 << 40, MaxSide: -1}}.validate()
	for _, want := range []string{`"dev"`, "empty", `"heic"`, "limit bytes", "limit pixels", "limit side"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want the substring %s", err, want)
		}
	}
}

func TestParseFormats(t *testing.T) {
	got, err := ParseFormats(" WebP,tiff,")
	if err != nil || !slices.Equal(got, []Format{WebP, TIFF}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := ParseFormats("webp,heic"); err == nil || !strings.Contains(err.Error(), `"heic"`) {
		t.Errorf("got %v, want an error that names heic", err)
	}
}
