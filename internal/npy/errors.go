package npy

import (
	"errors"
	"fmt"
)

// FormatError says that a weights file is not what this package reads, or that
// it holds something this package refuses. Path names the file, with the member
// after it when the file is an archive; Offset is in bytes from the start of the
// file or, for an archive, of the member; Got and Want say what stood there and
// what would have been accepted.
type FormatError struct {
	Path   string
	Offset int64
	Got    string
	Want   string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("read weights %q: at byte %d: got %s, want %s", e.Path, e.Offset, e.Got, e.Want)
}

func malformed(offset int64, want, got string, args ...any) error {
	return &FormatError{Offset: offset, Got: fmt.Sprintf(got, args...), Want: want}
}

// locate puts the name of a file on a FormatError that was made without knowing it.
func locate(path string, err error) error {
	var format *FormatError
	if errors.As(err, &format) && format.Path == "" {
		format.Path = path
	}
	return err
}
