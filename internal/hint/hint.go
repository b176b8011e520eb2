// Package hint attaches to an error what the user can do about it. Start with [With] and
// [Of]; an error type of its own may have the method Hint() string instead.
package hint

import "errors"

// With adds a hint to err, which errors.Is and errors.As still find. Without text it is err itself.
func With(err error, text string) error {
	if err == nil || text == "" {
		return err
	}
	return hinted{err, text}
}

type hinted struct {
	error
	text string
}

func (h hinted) Hint() string  { return h.text }
func (h hinted) Unwrap() error { return h.error }

// Of is the outermost hint in err's chain, or "".
func Of(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
