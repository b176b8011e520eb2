package npy

import (
	"bufio"
	"fmt"
	"io"

	"alexnet/internal/tensorfile"
)

// errLatin1 is a character that does not encode a byte.
var errLatin1 = fmt.Errorf("%w: a character that is not latin-1", tensorfile.ErrDamage)

// latin1 decodes UTF-8 text into the bytes that its code points encode.
type latin1 struct {
	r *bufio.Reader
	io.Closer
}

// latin1Reader takes the length of the text to size its buffer.
func latin1Reader(r io.ReadCloser, n int64) io.ReadCloser {
	return &latin1{bufio.NewReaderSize(r, int(min(n, 64<<10))), r}
}

func (l *latin1) Read(p []byte) (int, error) {
	for i := range p {
		b, err := l.r.ReadByte()
		if err != nil {
			return i, err
		}
		if b >= 0x80 {
			next, err := l.r.ReadByte()
			if err != nil || b&^1 != 0xc2 || next&0xc0 != 0x80 {
				return i, errLatin1
			}
			b = b<<6 | next&0x3f
		}
		p[i] = b
	}
	return len(p), nil
}

// asBytes is latin1 for a string short enough to be a name; "" if it does not decode.
func asBytes(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return ""
		}
		out = append(out, byte(r))
	}
	return string(out)
}
