package input

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPolicyApply(t *testing.T) {
	var excluded []Excluded
	for i := range 12 {
		excluded = append(excluded, Excluded{Path: fmt.Sprintf("%d.jpg", i), Reason: "is damaged"})
	}
	var reported []string
	report := func(p Excluded) { reported = append(reported, p.Path) }

	err := Refuse.Apply(excluded, report)
	var in *Error
	if !errors.As(err, &in) || !strings.Contains(err.Error(), "12 files cannot be used") ||
		!strings.Contains(err.Error(), "\"9.jpg\": is damaged\n  and 2 more") || in.Hint == "" || reported != nil {
		t.Errorf("error: got %v, reported %v", err, reported)
	}
	if err := Skip.Apply(excluded, report); err != nil || len(reported) != 12 {
		t.Errorf("skip: got %v, reported %v", err, reported)
	}
	var listed Listed
	if err := List.Apply(excluded, report); !errors.As(err, &listed) || len(listed) != 12 || len(reported) != 12 {
		t.Errorf("list: got %v, reported %v", err, reported)
	}
	if err := List.Apply(nil, report); !errors.As(err, &listed) || len(listed) != 0 {
		t.Errorf("list of none: got %v", err)
	}
	if err := List.Apply(append(excluded, excluded...), report); !errors.As(err, &listed) || len(listed) != 12 {
		t.Errorf("list with duplicates: got %v", err)
	}
	none := &Error{Op: "open data", Err: ErrNoImages, Excluded: excluded}
	if err := List.ApplyOnOpen(none); !errors.As(err, &listed) || len(listed) != 12 {
		t.Errorf("list on open: got %v", err)
	}
	if err := errors.Join(Refuse.ApplyOnOpen(none), List.ApplyOnOpen(errOneClass)); !errors.Is(err, ErrNoImages) || !errors.Is(err, errOneClass) {
		t.Errorf("other errors on open: got %v", err)
	}
	for _, p := range []Policy{Refuse, Skip} {
		if err := p.Apply(nil, report); err != nil {
			t.Errorf("%s: got %v", p, err)
		}
	}
	if err := Refuse.Apply([]Excluded{{Path: "a", Hint: "convert it"}}, report); !errors.As(err, &in) || !strings.HasPrefix(in.Hint, "convert it, or") {
		t.Errorf("one problem: got %v", err)
	}
}

func TestExclude(t *testing.T) {
	examples := []Example{{Path: "a"}, {Path: "b"}}
	if kept, err := Exclude(examples, []Excluded{{Path: "a"}}); err != nil || len(kept) != 1 || kept[0].Path != "b" {
		t.Errorf("got %v, %v, want b", kept, err)
	}
	if _, err := Exclude(examples, []Excluded{{Path: "a"}, {Path: "b"}}); !errors.Is(err, ErrNoImages) {
		t.Errorf("got %v, want ErrNoImages", err)
	}
}

// Excluded files with any names survive a round trip.
func TestExcludedRoundTrip(t *testing.T) {
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
		t.Errorf("got %v from a line with three fields, want an error", got)
	}
}

// Reading, writing and reading again yields the same, except that CSV normalizes
// line ends.
func FuzzReadExcluded(f *testing.F) {
	for _, seed := range []string{"", "path,reason\n", "path,reason\na,b\n\"a\r\n\"\"b\",c\n", "a\nb\n", "a,\"\n", ",\n,\n", "\xff,\x00\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		excluded, err := ReadExcluded(bytes.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteExcluded(&again, excluded); err != nil {
			t.Fatal(err)
		}
		for i, p := range excluded {
			excluded[i] = Excluded{Path: strings.ReplaceAll(p.Path, "\r\n", "\n"), Reason: strings.ReplaceAll(p.Reason, "\r\n", "\n")}
		}
		if got, err := ReadExcluded(&again); err != nil || !slices.Equal(got, excluded) {
			t.Errorf("got %q, %v, want %q", got, err, excluded)
		}
	})
}
