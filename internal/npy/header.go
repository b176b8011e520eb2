package npy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"alexnet/internal/tensorfile"
)

const (
	magic = "\x93NUMPY"
	// maxHeader is NumPy's own limit on the text of a header.
	maxHeader = 10000
)

// header is the header of a .npy file.
type header struct {
	dtype   dtype
	fortran bool
	shape   []int
}

// readHeader reads the header of a .npy file, version 1, 2 or 3, and leaves the
// cursor at the first byte of the data. See NEP 1 for the format.
func readHeader(c *tensorfile.Cursor) (header, error) {
	at := c.Offset()
	b, err := c.Take(len(magic)+2, "the start of a .npy file")
	if err != nil {
		return header{}, err
	}
	if string(b[:len(magic)]) != magic {
		return header{}, tensorfile.Malformed(at, "a .npy file", "%q", b[:len(magic)])
	}
	width := 4
	switch version := [2]byte(b[len(magic):]); version {
	case [2]byte{1, 0}:
		width = 2
	case [2]byte{2, 0}, [2]byte{3, 0}:
	default:
		return header{}, tensorfile.Malformed(at+6, ".npy version 1.0, 2.0 or 3.0", "version %d.%d", version[0], version[1])
	}
	n, err := c.Number(width, "header length")
	if err != nil {
		return header{}, err
	}
	if n > maxHeader {
		return header{}, tensorfile.Malformed(at+8, fmt.Sprintf("a header of at most %d bytes", maxHeader), "%d", n)
	}
	at = c.Offset()
	text, err := c.Take(int(n), "header")
	if err != nil {
		return header{}, err
	}
	return parseHeader(string(text), at)
}

// headerEntry matches an entry of a header's dictionary: a string, a bool or a tuple, whose
// numbers may have the L of Python 2's longs.
var headerEntry = regexp.MustCompile(`^['"](\w+)['"]\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\(\)|\(\d+L?,\s*(?:\d+L?,\s*)*(?:\d+L?)?\))\s*(?:,\s*|$)`)

// parseHeader reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, in
// any order, each key once and no other.
func parseHeader(text string, at int64) (h header, err error) {
	refuse := func(want, got string) (header, error) {
		return header{}, tensorfile.Malformed(at, want+" in the header", "%.80q", got)
	}
	entries, opened := strings.CutPrefix(strings.TrimSpace(text), "{")
	entries, closed := strings.CutSuffix(entries, "}")
	if !opened || !closed {
		return refuse("a dictionary", text)
	}
	values := make(map[string]string)
	for entries = strings.TrimSpace(entries); entries != ""; {
		m := headerEntry.FindStringSubmatch(entries)
		if m == nil || values[m[1]] != "" {
			return refuse("each key once, with a string, a bool or a tuple of dimensions", entries)
		}
		values[m[1]], entries = m[2], entries[len(m[0]):]
	}
	if h.dtype, err = parseDtype(strings.Trim(values["descr"], `'"`), at); err != nil {
		return header{}, err
	}
	h.fortran = values["fortran_order"] == "True"
	shape := values["shape"]
	if len(values) != 3 || !h.fortran && values["fortran_order"] != "False" || !strings.HasPrefix(shape, "(") {
		return refuse("'descr', 'fortran_order': True or False, and 'shape': a tuple", text)
	}
	for _, digits := range strings.FieldsFunc(shape, func(r rune) bool { return r < '0' || r > '9' }) {
		dim, err := strconv.Atoi(digits)
		if err != nil {
			return refuse("a dimension", digits)
		}
		h.shape = append(h.shape, dim)
	}
	return h, nil
}
