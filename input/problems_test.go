package input

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// A list of bad pictures is read as it was written, whatever their names.
func TestProblems(t *testing.T) {
	want := []Excluded{{Path: "a,b/\"c\"\n.jpg", Reason: "is empty"}, {Path: "ö.png", Reason: "is damaged: x, y"}}
	for n := range len(want) + 1 {
		var text bytes.Buffer
		if err := WriteExcluded(&text, want[:n]); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadExcluded(&text); err != nil || !slices.Equal(got, want[:n]) {
			t.Errorf("got %v, %v, want %v", got, err, want[:n])
		}
	}
	if got, err := ReadExcluded(strings.NewReader("path,reason\na,b,c\n")); err == nil {
		t.Errorf("got %v of a line of three, want an error", got)
	}
}

// What is read of a list reads the same when it is written again, but that CSV knows
// one end of a line.
func FuzzReadProblems(f *testing.F) {
	for _, seed := range []string{"", "path,reason\n", "path,reason\na,b\n\"a\r\n\"\"b\",c\n", "a\nb\n", "a,\"\n", ",\n,\n", "\xff,\x00\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		problems, err := ReadExcluded(bytes.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteExcluded(&again, problems); err != nil {
			t.Fatal(err)
		}
		for i, p := range problems {
			problems[i] = Excluded{Path: strings.ReplaceAll(p.Path, "\r\n", "\n"), Reason: strings.ReplaceAll(p.Reason, "\r\n", "\n")}
		}
		if got, err := ReadExcluded(&again); err != nil || !slices.Equal(got, problems) {
			t.Errorf("got %q, %v, want %q", got, err, problems)
		}
	})
}
