package pickle

import (
	"fmt"
	"math"

	"alexnet/internal/tensorfile"
)

// Text is a byte or character string, which stays in the file; S has its bytes if it is short enough to be a name.
type Text struct {
	tensorfile.Section
	S       string
	Unicode bool
	// Latin1 marks bytes that Python 3 stores in a protocol 2 pickle as characters:
	// the file has UTF-8, in which each code point encodes one byte.
	Latin1 bool
}

// MaxText is the length of the longest string that is held in memory.
const MaxText = 256

// Sequence is a list or a tuple.
type Sequence struct {
	Items   []any
	IsTuple bool
}

// Dict is a dictionary; a key may occur twice.
type Dict struct{ Keys, Values []any }

// Get returns the value of a string key, or nil.
func (d *Dict) Get(key string) any {
	for i, k := range d.Keys {
		if IsText(k, key) {
			return d.Values[i]
		}
	}
	return nil
}

// Describe describes a value for an error.
func Describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	case Text:
		if v.Size > MaxText {
			return fmt.Sprintf("a string of %d bytes", v.Size)
		}
		return fmt.Sprintf("the string %.40q", v.S)
	case *Sequence:
		if v.IsTuple {
			return fmt.Sprintf("a tuple of %d", len(v.Items))
		}
		return fmt.Sprintf("a list of %d", len(v.Items))
	case *Dict:
		return fmt.Sprintf("a dictionary of %d", len(v.Keys))
	case Global:
		return fmt.Sprintf("the global %q", string(v))
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprintf("a %T", v)
}

// DescribeAll describes the arguments of a call.
func DescribeAll(values []any) string {
	s := "("
	for i, v := range values[:min(len(values), 5)] {
		if i > 0 {
			s += ", "
		}
		s += Describe(v)
	}
	return s + ")"
}

// Tuple returns the items of a tuple of n, or of any number if n is negative.
func Tuple(v any, n int) ([]any, bool) {
	s, ok := v.(*Sequence)
	if !ok || !s.IsTuple || n >= 0 && len(s.Items) != n {
		return nil, false
	}
	return s.Items, true
}

// Dimensions returns a tuple of numbers from 0 up.
func Dimensions(v any) ([]int, bool) {
	items, ok := Tuple(v, -1)
	if !ok {
		return nil, false
	}
	dims := make([]int, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt {
			return nil, false
		}
		dims[i] = int(n)
	}
	return dims, true
}

// IsText reports whether v is the string s.
func IsText(v any, s string) bool {
	t, ok := v.(Text)
	return ok && t.Size <= MaxText && t.S == s
}
