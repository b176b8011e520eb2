package input

import (
	"errors"
	"fmt"
	"slices"

	"alexnet/internal/display"
)

// Policy is how to treat files that cannot be used.
type Policy string

// Refuse fails on such a file, Skip excludes and reports it, and List checks all images and stops.
const (
	Refuse Policy = "error"
	Skip   Policy = "skip"
	List   Policy = "list"
)

// Listed is the error that ends work with the policy List. It contains the files that cannot be used, if any.
type Listed []Excluded

func (l Listed) Error() string {
	return fmt.Sprintf("list bad images: %d files cannot be used", len(l))
}

// Apply reports each excluded file, or returns an error: with Refuse if there are any, with List always, as a [Listed].
func (p Policy) Apply(excluded []Excluded, report func(Excluded)) error {
	excluded = dedupe(excluded)
	switch {
	case p == List:
		return Listed(excluded)
	case p == Refuse && len(excluded) > 0:
		return refuse(excluded)
	}
	for _, e := range excluded {
		report(e)
	}
	return nil
}

// Exclude is [Without] that fails if no examples are left.
func Exclude(examples []Example, excluded []Excluded) ([]Example, error) {
	kept := Without(examples, excluded)
	if len(kept) == 0 {
		return nil, fmt.Errorf("read images: %w: all %d are excluded", ErrNoImages, len(examples))
	}
	return kept, nil
}

// ApplyOnOpen returns the error of opening a dataset: with the policy List, a
// [Listed] if none of the files can be used.
func (p Policy) ApplyOnOpen(err error) error {
	var e *Error
	if p == List && errors.As(err, &e) && e.Excluded != nil {
		return Listed(dedupe(e.Excluded))
	}
	return err
}

// refuse returns an error that names the first excluded files.
func refuse(excluded []Excluded) error {
	hint := "--bad-images skip excludes them, --bad-images list lists them all"
	switch common := commonHint(excluded); {
	case common != "" && len(excluded) == 1:
		hint = common + ", or exclude it with --bad-images skip"
	case common != "":
		hint = common + "; " + hint
	}
	return &Error{Op: "read images", Err: fmt.Errorf("%d files cannot be used", len(excluded)), Excluded: excluded, Hint: hint}
}

// commonHint is the hint that all of excluded have, or "".
func commonHint(excluded []Excluded) string {
	if len(excluded) == 0 || slices.ContainsFunc(excluded, func(e Excluded) bool { return e.Hint != excluded[0].Hint }) {
		return ""
	}
	return excluded[0].Hint
}

// listExcluded returns a line for each of the first excluded files.
func listExcluded(excluded []Excluded) string {
	lines := make([]string, len(excluded))
	for i, e := range excluded {
		lines[i] = fmt.Sprintf("%q: %s", e.Path, e.Reason)
	}
	return display.Lines(lines)
}

// dedupe keeps the first entry of each path; a list file may repeat a path.
func dedupe(excluded []Excluded) []Excluded {
	var distinct []Excluded
	seen := map[string]bool{}
	for _, e := range excluded {
		if !seen[e.Path] {
			seen[e.Path] = true
			distinct = append(distinct, e)
		}
	}
	return distinct
}
