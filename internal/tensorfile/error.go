package tensorfile

import (
	"errors"
	"fmt"
)

// Error reports a weights file that is damaged, hostile or not supported. Path names the file and, in an archive, the
// member; Offset is in bytes from the start of the file or member, or negative for the file as a whole; Got and Want say
// what was found there and what would have been accepted.
type Error struct {
	Path   string
	Offset int64
	Got    string
	Want   string
	Remedy string // what to do, or ""
}

func (e *Error) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("read weights %q: got %s, want %s", e.Path, e.Got, e.Want)
	}
	return fmt.Sprintf("read weights %q: at byte %d: got %s, want %s", e.Path, e.Offset, e.Got, e.Want)
}

// Hint is the remedy.
func (e *Error) Hint() string { return e.Remedy }

// Malformed makes an [*Error] whose path [Locate] fills in.
func Malformed(offset int64, want, got string, args ...any) error {
	return &Error{Offset: offset, Got: fmt.Sprintf(got, args...), Want: want}
}

// Locate sets the path of an [*Error] that has none.
func Locate(path string, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Path == "" {
		e.Path = path
	}
	return err
}
