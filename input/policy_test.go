package input

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPolicyJudges(t *testing.T) {
	var problems []Problem
	for i := range 12 {
		problems = append(problems, Problem{Path: fmt.Sprintf("%d.jpg", i), Reason: "is damaged"})
	}
	var named []string
	name := func(p Problem) { named = append(named, p.Path) }

	err := Refuse.Judge(problems, name)
	var in *Error
	if !errors.As(err, &in) || !strings.Contains(err.Error(), "12 of the files cannot be used") ||
		!strings.Contains(err.Error(), "\"9.jpg\": is damaged\n  and 2 more") || in.Hint == "" || named != nil {
		t.Errorf("error: got %v, named %v", err, named)
	}
	if err := Skip.Judge(problems, name); err != nil || len(named) != 12 {
		t.Errorf("skip: got %v, named %v", err, named)
	}
	var listed Listed
	if err := List.Judge(problems, name); !errors.As(err, &listed) || len(listed) != 12 || len(named) != 12 {
		t.Errorf("list: got %v, named %v", err, named)
	}
	if err := List.Judge(nil, name); !errors.As(err, &listed) || len(listed) != 0 {
		t.Errorf("list of none: got %v", err)
	}
	if err := List.Judge(append(problems, problems...), name); !errors.As(err, &listed) || len(listed) != 12 {
		t.Errorf("list of each twice: got %v", err)
	}
	none := &Error{Op: "open data", Err: ErrNoPictures, Problems: problems}
	if err := List.Opening(none); !errors.As(err, &listed) || len(listed) != 12 {
		t.Errorf("list where all are bad: got %v", err)
	}
	if err := errors.Join(Refuse.Opening(none), List.Opening(ErrOneClass)); !errors.Is(err, ErrNoPictures) || !errors.Is(err, ErrOneClass) {
		t.Errorf("other errors of opening: got %v", err)
	}
	for _, p := range []Policy{Refuse, Skip} {
		if err := errors.Join(p.Judge(nil, name), p.Validate()); err != nil {
			t.Errorf("%s: got %v", p, err)
		}
	}
	if Policy("maybe").Validate() == nil {
		t.Error("got no error of an unknown policy")
	}
	if err := Refuse.Judge([]Problem{{Path: "a", Hint: "convert it"}}, name); !errors.As(err, &in) || !strings.HasPrefix(in.Hint, "convert it, or") {
		t.Errorf("one problem: got %v", err)
	}
}

func TestLeave(t *testing.T) {
	examples := []Example{{Path: "a"}, {Path: "b"}}
	if kept, err := Leave(examples, []Problem{{Path: "a"}}); err != nil || len(kept) != 1 || kept[0].Path != "b" {
		t.Errorf("got %v, %v, want b", kept, err)
	}
	if _, err := Leave(examples, []Problem{{Path: "a"}, {Path: "b"}}); !errors.Is(err, ErrNoPictures) {
		t.Errorf("got %v, want ErrNoPictures", err)
	}
}
