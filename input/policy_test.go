package input

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPolicyJudges(t *testing.T) {
	var problems []Excluded
	for i := range 12 {
		problems = append(problems, Excluded{Path: fmt.Sprintf("%d.jpg", i), Reason: "is damaged"})
	}
	var named []string
	name := func(p Excluded) { named = append(named, p.Path) }

	err := Refuse.Apply(problems, name)
	var in *Error
	if !errors.As(err, &in) || !strings.Contains(err.Error(), "12 of the files cannot be used") ||
		!strings.Contains(err.Error(), "\"9.jpg\": is damaged\n  and 2 more") || in.Hint == "" || named != nil {
		t.Errorf("error: got %v, named %v", err, named)
	}
	if err := Skip.Apply(problems, name); err != nil || len(named) != 12 {
		t.Errorf("skip: got %v, named %v", err, named)
	}
	var listed Listed
	if err := List.Apply(problems, name); !errors.As(err, &listed) || len(listed) != 12 || len(named) != 12 {
		t.Errorf("list: got %v, named %v", err, named)
	}
	if err := List.Apply(nil, name); !errors.As(err, &listed) || len(listed) != 0 {
		t.Errorf("list of none: got %v", err)
	}
	if err := List.Apply(append(problems, problems...), name); !errors.As(err, &listed) || len(listed) != 12 {
		t.Errorf("list of each twice: got %v", err)
	}
	none := &Error{Op: "open data", Err: ErrNoImages, Excluded: problems}
	if err := List.ApplyOnOpen(none); !errors.As(err, &listed) || len(listed) != 12 {
		t.Errorf("list where all are bad: got %v", err)
	}
	if err := errors.Join(Refuse.ApplyOnOpen(none), List.ApplyOnOpen(ErrOneClass)); !errors.Is(err, ErrNoImages) || !errors.Is(err, ErrOneClass) {
		t.Errorf("other errors of opening: got %v", err)
	}
	for _, p := range []Policy{Refuse, Skip} {
		if err := errors.Join(p.Apply(nil, name), p.Validate()); err != nil {
			t.Errorf("%s: got %v", p, err)
		}
	}
	if Policy("maybe").Validate() == nil {
		t.Error("got no error of an unknown policy")
	}
	if err := Refuse.Apply([]Excluded{{Path: "a", Hint: "convert it"}}, name); !errors.As(err, &in) || !strings.HasPrefix(in.Hint, "convert it, or") {
		t.Errorf("one problem: got %v", err)
	}
}

func TestLeave(t *testing.T) {
	examples := []Example{{Path: "a"}, {Path: "b"}}
	if kept, err := Exclude(examples, []Excluded{{Path: "a"}}); err != nil || len(kept) != 1 || kept[0].Path != "b" {
		t.Errorf("got %v, %v, want b", kept, err)
	}
	if _, err := Exclude(examples, []Excluded{{Path: "a"}, {Path: "b"}}); !errors.Is(err, ErrNoImages) {
		t.Errorf("got %v, want ErrNoPictures", err)
	}
}
