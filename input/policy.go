package input

import (
	"errors"
	"fmt"
)

// Policy is what becomes of pictures that cannot be used.
type Policy string

// Refuse takes them for an error; Skip leaves them out and names them; List looks
// at all pictures, and nothing else is done with them.
const (
	Refuse Policy = "error"
	Skip   Policy = "skip"
	List   Policy = "list"
)

// Listed ends work with the policy List. It has the files that cannot be used,
// none if all can.
type Listed []Excluded

func (l Listed) Error() string {
	return fmt.Sprintf("list bad images: %d of the files cannot be used", len(l))
}

// Validate reports any other policy.
func (p Policy) Validate() error {
	if p != Refuse && p != Skip && p != List {
		return fmt.Errorf("bad images: got %q, want %s, %s or %s", p, Refuse, Skip, List)
	}
	return nil
}

// Judge names the problems to leftOut, or returns an error where they are one: a
// Listed in any case where they are to be listed.
func (p Policy) Apply(problems []Excluded, leftOut func(Excluded)) error {
	problems = unique(problems)
	switch {
	case p == List:
		return Listed(problems)
	case p == Refuse && len(problems) > 0:
		return refused(problems)
	}
	for _, problem := range problems {
		leftOut(problem)
	}
	return nil
}

// Leave is [Drop] for pictures of which some have to be left.
func Exclude(examples []Example, refused []Excluded) ([]Example, error) {
	kept := Without(examples, refused)
	if len(kept) == 0 {
		return nil, fmt.Errorf("read pictures: %w: all %d were left out", ErrNoImages, len(examples))
	}
	return kept, nil
}

// Opening is the error of opening data: with the policy List, where none of it
// can be used, those files as a Listed.
func (p Policy) ApplyOnOpen(err error) error {
	var e *Error
	if p == List && errors.As(err, &e) && e.Excluded != nil {
		return Listed(unique(e.Excluded))
	}
	return err
}

// refused is the error that names the first of the problems.
func refused(problems []Excluded) error {
	hint := "--bad-images skip leaves them out, --bad-images list lists them all"
	if len(problems) == 1 && problems[0].Hint != "" {
		hint = problems[0].Hint + ", or leave it out with --bad-images skip"
	}
	return &Error{Op: "read pictures", Err: fmt.Errorf("%d of the files cannot be used", len(problems)), Excluded: problems, Hint: hint}
}
