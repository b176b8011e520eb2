package npy

import (
	"fmt"
	"io"
)

// cursor reads a file and can skip an array's data. Every length is compared with the bytes left before it is read.
type cursor struct {
	src    io.ReaderAt
	off    int64
	end    int64
	window []byte // bytes of src from windowOff on
	start  int64  // offset of window
}

const windowSize = 16 << 10

func newCursor(src io.ReaderAt, off, end int64) *cursor {
	return &cursor{src: src, off: off, end: end}
}

func (c *cursor) left() int64 { return c.end - c.off }

// take returns the next n bytes, n at most windowSize. They are valid until the next call.
func (c *cursor) take(n int, what string) ([]byte, error) {
	if int64(n) > c.left() {
		return nil, c.short(uint64(n), what)
	}
	from := c.off - c.start
	if c.window == nil || from < 0 || from+int64(n) > int64(len(c.window)) {
		if err := c.fill(); err != nil {
			return nil, err
		}
		from = 0
	}
	c.off += int64(n)
	return c.window[from : from+int64(n)], nil
}

// fill moves the window to the current offset. It always makes a new slice when
// the window grows, and never one larger than the bytes left.
func (c *cursor) fill() error {
	n := min(c.left(), windowSize)
	if int64(cap(c.window)) < n {
		c.window = make([]byte, n)
	}
	c.window, c.start = c.window[:n], c.off
	if _, err := c.src.ReadAt(c.window, c.off); err != nil && err != io.EOF {
		return fmt.Errorf("read %d bytes at byte %d: %w", n, c.off, err)
	}
	return nil
}

// skip steps over n bytes without reading them.
func (c *cursor) skip(n uint64, what string) error {
	if n > uint64(c.left()) {
		return c.short(n, what)
	}
	c.off += int64(n)
	return nil
}

func (c *cursor) short(n uint64, what string) error {
	return malformed(c.off, fmt.Sprintf("%d bytes of %s", n, what), "%d bytes before the end", c.left())
}

// number reads an unsigned little-endian integer of width bytes, at most 8.
func (c *cursor) number(width int, what string) (uint64, error) {
	b, err := c.take(width, what)
	if err != nil {
		return 0, err
	}
	var n uint64
	for i := width - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, nil
}

// line reads up to a newline and returns what stands before it, at most limit bytes.
func (c *cursor) line(limit int, what string) (string, error) {
	at := c.off
	var line []byte
	for len(line) <= limit {
		b, err := c.take(1, what)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", malformed(at, fmt.Sprintf("%s of at most %d bytes", what, limit), "a longer line")
}
