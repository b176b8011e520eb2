package input

import (
	"errors"
	"fmt"
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
