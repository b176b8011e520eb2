package npy

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// The values of a pickle are nil, bool, int64, float64, text, *sequence, *dict, global, *dtypeObject and *ndarray.

// text is a byte or character string, which stays in the file; s has its bytes if it is short enough to be a name.
type text struct {
	off, n  int64
	s       string
	unicode bool
	// latin1 marks bytes that Python 3 stores in a protocol 2 pickle as characters:
	// the file has UTF-8, in which each code point encodes one byte.
	latin1 bool
}

const maxText = 256

type sequence struct {
	items []any
	tuple bool
}

type dict struct{ keys, values []any }

// global is a name that a pickle refers to, as "module name".
type global string

// dtypeObject is a numpy.dtype: made by REDUCE, given its byte order by BUILD.
type dtypeObject struct {
	code  string
	dtype dtype
	built bool
}

// describe describes a value for an error.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	case text:
		if v.n > maxText {
			return fmt.Sprintf("a string of %d bytes", v.n)
		}
		return fmt.Sprintf("the string %.40q", v.s)
	case *sequence:
		if v.tuple {
			return fmt.Sprintf("a tuple of %d", len(v.items))
		}
		return fmt.Sprintf("a list of %d", len(v.items))
	case *dict:
		return fmt.Sprintf("a dictionary of %d", len(v.keys))
	case global:
		return fmt.Sprintf("the global %q", string(v))
	case *ndarray:
		return fmt.Sprintf("an array of shape %v", v.shape())
	}
	return fmt.Sprintf("a %T", v)
}

func isTuple(v any, n int) ([]any, bool) {
	s, ok := v.(*sequence)
	if !ok || !s.tuple || n >= 0 && len(s.items) != n {
		return nil, false
	}
	return s.items, true
}

func isText(v any, s string) bool {
	t, ok := v.(text)
	return ok && t.n <= maxText && t.s == s
}

// validName reports whether s can be the name of a layer: short, printable UTF-8.
func validName(s string) bool {
	if s == "" || len(s) > maxText || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
