package input

import (
	"errors"
	"fmt"
	"io/fs"

	"alexnet/internal/regular"
)

// The reasons why a data set cannot be used at all. They arrive wrapped in an
// [*Error], which names the path.
var (
	ErrNoImages          = errors.New("found no pictures")
	ErrOneClass          = errors.New("found only one class")
	ErrNoLabel           = errors.New("found no label")
	ErrMixedLayouts      = errors.New("found pictures both in class folders and beside them")
	ErrUnknownClass      = errors.New("found an unknown class")
	ErrClassName         = errors.New("found a class whose name is no text")
	ErrConflictingLabels = errors.New("found one picture under two labels")
)

// The reasons why one file is refused. They arrive wrapped in an [*Error].
var (
	ErrEmpty      = errors.New("is empty")
	ErrNotRegular = regular.Err
	ErrFormat     = errors.New("is not a picture that can be read")
	ErrDamaged    = errors.New("is damaged")
	ErrTooLarge   = errors.New("is too large")
	ErrChanged    = errors.New("changed since it was checked")
)

// Error says what was tried, on which file or folder, and why it failed.
type Error struct {
	Op   string // verb and noun, such as "open data"
	Path string // the file or folder concerned, "" where it has no name
	Err  error  // the reason
	Hint string // what the user can do about it, or ""

	Excluded []Excluded // the files that it comes from, where a folder has several
}

// Error has the form `open data "photos": found no pictures`, and lines that name
// the first of the problems.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %v%s", e.Op, reason(e.Err), named(e.Excluded))
	}
	return fmt.Sprintf("%s %q: %v%s", e.Op, e.Path, reason(e.Err), named(e.Excluded))
}

// Unwrap gives errors.Is and errors.As the reason.
func (e *Error) Unwrap() error { return e.Err }

// Problem is a file or folder that was left out, and why.
type Excluded struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}

// String has the form `photos/a.txt: is text, not a picture`.
func (p Excluded) String() string { return p.Path + ": " + p.Reason }

// ProblemOf keeps of an error what belongs into a list that names the path.
func ExcludedFor(path string, err error) Excluded {
	var e *Error
	if errors.As(err, &e) {
		return Excluded{Path: path, Reason: reason(e.Err).Error(), Hint: e.Hint}
	}
	return Excluded{Path: path, Reason: reason(err).Error()}
}

// reason drops the operating system's verb and path, which an [Error] or a
// [Problem] names already.
func reason(err error) error {
	if e, ok := err.(*fs.PathError); ok {
		return e.Err
	}
	return err
}
