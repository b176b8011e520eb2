package doctor

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/input"
	"alexnet/internal/content"
)

// names lists the examples as `cat/1.png=0`.
func names(examples []input.Example) string {
	var s []string
	for _, ex := range examples {
		s = append(s, ex.Name+"="+string(rune('0'+ex.Label)))
	}
	return strings.Join(s, " ")
}

// writeGray writes a gray PNG. Images of one size take equally many bytes, whatever
// the value of their first pixel.
func writeGray(t *testing.T, path string, width, height int, first uint8) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img := image.NewGray(image.Rect(0, 0, width, height))
	img.SetGray(0, 0, color.Gray{Y: first})
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

func TestFindDuplicates(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []struct {
		name          string
		width, height int
		first         uint8
	}{
		{"train/cat/1.png", 40, 40, 1}, {"train/cat/2.png", 41, 8, 1}, {"train/cat/3.png", 40, 40, 2}, {"train/dog/4.png", 41, 8, 1},
		{"val/cat/5.png", 40, 40, 1}, {"val/dog/6.png", 50, 50, 1},
	} {
		writeGray(t, filepath.Join(dir, f.name), f.width, f.height, f.first)
	}
	d, err := input.Open(dir, input.Options{Contents: content.Open("", nil)})
	if err != nil {
		t.Fatal(err)
	}
	got := findDuplicates(d)
	if len(got) != 2 {
		t.Fatalf("got %v, want two groups", got)
	}
	if names(got[0].Train)+names(got[0].Val) != "cat/1.png=0cat/5.png=0" || !got[0].acrossSplits() || got[0].acrossClasses() {
		t.Errorf("got %+v, want an image in both splits", got[0])
	}
	if names(got[1].Train) != "cat/2.png=0 dog/4.png=1" || got[1].acrossSplits() || !got[1].acrossClasses() {
		t.Errorf("got %+v, want an image in two classes", got[1])
	}
	r := &Report{Data: &Dataset{}}
	r.checkSizes(d)
	if want := []string{d.Train[1].Path, d.Train[3].Path}; !slices.Equal(r.Data.Small, want) || len(r.Warnings) != 1 {
		t.Errorf("small images: got %q and warnings %q, want %q and one warning", r.Data.Small, r.Warnings, want)
	}
}
