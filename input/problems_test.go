package input

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// A list of bad pictures is read as it was written, whatever their names.
func TestProblems(t *testing.T) {
	want := []Problem{{Path: "a,b/\"c\"\n.jpg", Reason: "is empty"}, {Path: "ö.png", Reason: "is damaged: x, y"}}
	for n := range len(want) + 1 {
		var text bytes.Buffer
		if err := WriteProblems(&text, want[:n]); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadProblems(&text); err != nil || !slices.Equal(got, want[:n]) {
			t.Errorf("got %v, %v, want %v", got, err, want[:n])
		}
	}
	if got, err := ReadProblems(strings.NewReader("path,reason\na,b,c\n")); err == nil {
		t.Errorf("got %v of a line of three, want an error", got)
	}
}
