package npy

import (
	"errors"
	"fmt"
)

// FormatError reports a weights file that is damaged, hostile or not supported. Path
// names the file and, in an archive, the member; Offset is in bytes from the start of
// the file or member; Got and Want say what was found there and what would have been
// accepted.
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

// locate sets the path of a FormatError that has none.
func locate(path string, err error) error {
	var format *FormatError
	if errors.As(err, &format) && format.Path == "" {
		format.Path = path
	}
	return err
}
