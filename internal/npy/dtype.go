package npy

import "alexnet/internal/tensorfile"

// dtype is how an array's elements are stored: as numbers, or as objects.
type dtype struct {
	tensorfile.Type
	object bool
}

const wantDtype = "float16, float32, float64 or object elements ('<f2', '<f4', '<f8', their '>' forms, '|O')"

var codes = map[string]tensorfile.FloatType{"f2": tensorfile.Float16, "f4": tensorfile.Float32, "f8": tensorfile.Float64}

// parseDtype reads NumPy's array-protocol type string, such as "<f4" or "|O".
func parseDtype(s string, at int64) (dtype, error) {
	if s == "|O" {
		return dtype{object: true}, nil
	}
	if len(s) == 3 && (s[0] == '<' || s[0] == '>') && codes[s[1:]] != "" {
		return dtype{Type: tensorfile.Type{Code: codes[s[1:]], Big: s[0] == '>'}}, nil
	}
	return dtype{}, tensorfile.Malformed(at, wantDtype, "dtype %.40q", s)
}
