package main

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// escapingWriter escapes control characters, as in \x1b: names of files and classes are untrusted and must not
// control the terminal. Line ends and tabs stay.
type escapingWriter struct{ to io.Writer }

func (p escapingWriter) Write(text []byte) (int, error) {
	if bytes.IndexFunc(text, isControl) < 0 {
		return p.to.Write(text)
	}
	var b bytes.Buffer
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if isControl(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.Write(rest[:n])
		}
		rest = rest[n:]
	}
	if _, err := p.to.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }
