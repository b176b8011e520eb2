package bundle

import (
	"errors"
	"fmt"
)

// ErrNoVariable is wrapped by the error for a name that the bundle does not have.
var ErrNoVariable = errors.New("no such variable")

// FormatError reports a bundle file that is damaged or not supported. Path names the file and Offset is in bytes from
// its start; Got and Want say what was found there and what would have been accepted.
type FormatError struct {
	Path   string
	Offset int64
	Got    string
	Want   string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("read bundle %q: at byte %d: got %s, want %s", e.Path, e.Offset, e.Got, e.Want)
}

// malformed makes a [*FormatError] whose path inFile fills in.
func malformed(offset int64, want, got string, args ...any) error {
	return &FormatError{Offset: offset, Got: fmt.Sprintf(got, args...), Want: want}
}

// inFile sets the path of a FormatError that has none.
func inFile(path string, err error) error {
	var format *FormatError
	if errors.As(err, &format) && format.Path == "" {
		format.Path = path
	}
	return err
}
