package tensorfile

import (
	"fmt"
	"io"
)

// Cursor reads part of a file from front to back and can skip the data of tensors. Every length is compared with the bytes
// left before it is read.
type Cursor struct {
	src    io.ReaderAt
	off    int64
	end    int64
	window []byte // bytes of src from offset start on
	start  int64
}

// windowSize is the most that Take returns.
const windowSize = 16 << 10

// NewCursor reads the bytes of src from off to end.
func NewCursor(src io.ReaderAt, off, end int64) *Cursor {
	return &Cursor{src: src, off: off, end: end}
}

// Offset is that of the next byte in the file.
func (c *Cursor) Offset() int64 { return c.off }

// Left is the number of bytes left.
func (c *Cursor) Left() int64 { return c.end - c.off }

// Take returns the next n bytes, n at most 16 KiB. They are valid until the next call.
func (c *Cursor) Take(n int, what string) ([]byte, error) {
	if int64(n) > c.Left() {
		return nil, c.Short(uint64(n), what)
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

// fill moves the window to the current offset.
func (c *Cursor) fill() error {
	n := min(c.Left(), windowSize)
	if int64(cap(c.window)) < n {
		c.window = make([]byte, n)
	}
	c.window, c.start = c.window[:n], c.off
	if _, err := c.src.ReadAt(c.window, c.off); err != nil && err != io.EOF {
		return fmt.Errorf("read %d bytes at byte %d: %w", n, c.off, err)
	}
	return nil
}

// Skip steps over n bytes without reading them.
func (c *Cursor) Skip(n uint64, what string) error {
	if n > uint64(c.Left()) {
		return c.Short(n, what)
	}
	c.off += int64(n)
	return nil
}

// Since is what Take and Skip went over from offset at on.
func (c *Cursor) Since(at int64) Section { return Section{c.src, at, c.off - at} }

// Short is the error for n bytes when fewer are left.
func (c *Cursor) Short(n uint64, what string) error {
	return Malformed(c.off, fmt.Sprintf("%d bytes of %s", n, what), "%d bytes before the end", c.Left())
}

// Number reads an unsigned little-endian integer of width bytes, at most 8.
func (c *Cursor) Number(width int, what string) (uint64, error) {
	b, err := c.Take(width, what)
	if err != nil {
		return 0, err
	}
	var n uint64
	for i := width - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, nil
}

// Line reads up to a newline and returns what stands before it, at most limit bytes.
func (c *Cursor) Line(limit int, what string) (string, error) {
	at := c.off
	var line []byte
	for len(line) <= limit {
		b, err := c.Take(1, what)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", Malformed(at, fmt.Sprintf("%s of at most %d bytes", what, limit), "a longer line")
}

// Section is Size bytes of a file from offset At on.
type Section struct {
	src      io.ReaderAt
	At, Size int64
}

// Open returns the bytes.
func (s Section) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s.src, s.At, s.Size)), nil
}
