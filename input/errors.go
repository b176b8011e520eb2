package input

import (
	"errors"
	"fmt"

	"alexnet/internal/hint"
	"alexnet/internal/regular"
)

// The reasons why a dataset cannot be used, wrapped in an [*Error] that names the path.
var (
	ErrNoImages          = errors.New("no images found")
	errOneClass          = errors.New("only one class found")
	errNoLabel           = errors.New("no label found")
	errParts             = errors.New("classes may be one level deeper")
	errNestedSplit       = errors.New("split among the class folders")
	errMixedLayouts      = errors.New("images both inside and outside class folders")
	errUnknownClass      = errors.New("unknown class")
	errClassName         = errors.New("class name is not valid UTF-8 text")
	errConflictingLabels = errors.New("image has conflicting labels")
)

// The reasons why one file is rejected, wrapped in an [*Error].
var (
	ErrEmpty    = errors.New("is empty")
	ErrFormat   = errors.New("is not a supported image")
	ErrDamaged  = errors.New("is damaged")
	ErrTooLarge = errors.New("is too large")
	errChanged  = errors.New("changed since it was checked")
)

// Error is a failed operation on a file or folder.
type Error struct {
	Op   string // verb and noun, such as "open dataset"
	Path string // the file or folder, "" if it has no name
	Err  error  // the reason
	Hint string // what the user can do about it, or ""

	Excluded []Excluded // the files that caused the error, if there are several
}

// newError takes the hint from err.
func newError(op, path string, err error) *Error {
	return &Error{Op: op, Path: path, Err: err, Hint: hint.Of(err)}
}

// Error has the form `open dataset "photos": no images found`, followed by lines that name the first excluded files.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %v%s", e.Op, regular.Reason(e.Err), listExcluded(e.Excluded))
	}
	return fmt.Sprintf("%s %q: %v%s", e.Op, e.Path, regular.Reason(e.Err), listExcluded(e.Excluded))
}

// Unwrap returns the reason, with the hint.
func (e *Error) Unwrap() error { return hint.With(e.Err, e.Hint) }

// Excluded is a file or folder that is not used, with the reason.
type Excluded struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}

// String has the form `photos/a.txt: is not a supported image: got text`.
func (p Excluded) String() string { return p.Path + ": " + p.Reason }

// ExcludedFor returns the entry for path whose reason is err, without the operation and path that an [*Error] repeats.
func ExcludedFor(path string, err error) Excluded {
	var e *Error
	if errors.As(err, &e) {
		return Excluded{Path: path, Reason: regular.Reason(e.Err).Error(), Hint: e.Hint}
	}
	return Excluded{Path: path, Reason: regular.Reason(err).Error()}
}
