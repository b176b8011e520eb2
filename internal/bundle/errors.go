package bundle

import (
	"errors"
	"fmt"
)

// ErrNoVariable is what the error wraps for a name that the bundle does not have.
var ErrNoVariable = errors.New("no such variable")

// FormatError says that a file of a bundle is damaged, or holds what this package
// refuses. Path names the file and Offset is in bytes from its start; Got and Want
// say what stood there and what would have been accepted.
type FormatError struct {
	Path   string
	Offset int64
	Got    string
	Want   string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("read bundle %q: at byte %d: got %s, want %s", e.Path, e.Offset, e.Got, e.Want)
}

// malformed is a [*FormatError] whose path is still to be filled in.
func malformed(offset int64, want, got string, args ...any) error {
	return &FormatError{Offset: offset, Got: fmt.Sprintf(got, args...), Want: want}
}

// inFile puts the name of the file on an error that was made without knowing it.
func inFile(path string, err error) error {
	var format *FormatError
	if errors.As(err, &format) && format.Path == "" {
		format.Path = path
	}
	return err
}
