package npy

import (
	"fmt"
	"strconv"
	"strings"
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
func readHeader(c *cursor) (header, error) {
	at := c.off
	b, err := c.take(len(magic)+2, "the start of a .npy file")
	if err != nil {
		return header{}, err
	}
	if string(b[:len(magic)]) != magic {
		return header{}, malformed(at, "a .npy file", "%q", b[:len(magic)])
	}
	width := 4
	switch version := [2]byte(b[len(magic):]); version {
	case [2]byte{1, 0}:
		width = 2
	case [2]byte{2, 0}, [2]byte{3, 0}:
	default:
		return header{}, malformed(at+6, ".npy version 1.0, 2.0 or 3.0", "version %d.%d", version[0], version[1])
	}
	n, err := c.number(width, "header length")
	if err != nil {
		return header{}, err
	}
	if n > maxHeader {
		return header{}, malformed(at+8, fmt.Sprintf("a header of at most %d bytes", maxHeader), "%d", n)
	}
	at = c.off
	text, err := c.take(int(n), "header")
	if err != nil {
		return header{}, err
	}
	return parseHeader(string(text), at)
}

// literal parses the subset of Python's literal syntax that headers use.
type literal struct {
	text string
	pos  int
	at   int64 // offset of text in the file
}

// parseHeader reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, in
// any order, each key once and no other.
func parseHeader(text string, at int64) (header, error) {
	p := &literal{text: text, at: at}
	if !p.accept("{") {
		return header{}, p.unexpected("a dictionary")
	}
	var h header
	seen := make(map[string]bool)
	for !p.accept("}") {
		key, err := p.str()
		if err != nil {
			return header{}, err
		}
		if seen[key] {
			return header{}, p.unexpected(fmt.Sprintf("key %q once", key))
		}
		seen[key] = true
		if !p.accept(":") {
			return header{}, p.unexpected("':'")
		}
		if err := h.set(key, p); err != nil {
			return header{}, err
		}
		if !p.accept(",") && !strings.HasPrefix(p.rest(), "}") {
			return header{}, p.unexpected("',' or '}'")
		}
	}
	if p.rest() != "" || len(seen) != 3 {
		return header{}, p.unexpected("'descr', 'fortran_order', 'shape' and the end of the header")
	}
	return h, nil
}

func (h *header) set(key string, p *literal) (err error) {
	switch key {
	case "descr":
		var s string
		at := p.here()
		if s, err = p.str(); err == nil {
			h.dtype, err = parseDtype(s, at)
		}
	case "fortran_order":
		switch {
		case p.accept("True"):
			h.fortran = true
		case !p.accept("False"):
			err = p.unexpected("True or False")
		}
	case "shape":
		h.shape, err = p.tuple()
	default:
		err = p.unexpected("'descr', 'fortran_order' or 'shape', not " + strconv.Quote(key))
	}
	return err
}

func (p *literal) rest() string {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	return p.text[p.pos:]
}

func (p *literal) here() int64 {
	p.rest()
	return p.at + int64(p.pos)
}

func (p *literal) accept(token string) bool {
	if !strings.HasPrefix(p.rest(), token) {
		return false
	}
	p.pos += len(token)
	return true
}

func (p *literal) unexpected(want string) error {
	return malformed(p.here(), want+" in the header", "%.40q", p.rest())
}

// str reads a quoted string. Escapes are refused: no header needs one.
func (p *literal) str() (string, error) {
	rest := p.rest()
	if rest == "" || rest[0] != '\'' && rest[0] != '"' {
		return "", p.unexpected("a quoted string")
	}
	end := strings.IndexByte(rest[1:], rest[0])
	if end < 0 || strings.ContainsAny(rest[1:1+end], "\\\n") {
		return "", p.unexpected("a closed string without escapes")
	}
	p.pos += end + 2
	return rest[1 : 1+end], nil
}

// tuple reads (), (3,) or (3, 4), each number perhaps with the L of Python 2's longs.
func (p *literal) tuple() ([]int, error) {
	if !p.accept("(") {
		return nil, p.unexpected("a tuple of dimensions")
	}
	shape := []int{}
	for !p.accept(")") {
		rest := p.rest()
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		dim, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return nil, p.unexpected("a dimension")
		}
		p.pos += digits
		p.accept("L")
		shape = append(shape, dim)
		comma := p.accept(",")
		if !comma && (len(shape) == 1 || !strings.HasPrefix(p.rest(), ")")) {
			return nil, p.unexpected("',' or ')'")
		}
	}
	return shape, nil
}
