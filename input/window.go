package input

import "io"

// windowBytes is read from the start of each file, and then from wherever more is needed.
const windowBytes = 4096

// windowReader reads small pieces of a large file through a window in memory.
type windowReader struct {
	r      io.ReaderAt
	size   int64
	window []byte
	start  int64 // offset of the window in the file
}

// ReadAt implements io.ReaderAt for one goroutine.
func (s *windowReader) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > windowBytes || off < 0 || off >= s.size {
		return s.r.ReadAt(p, off)
	}
	if off < s.start || off+int64(len(p)) > s.start+int64(len(s.window)) {
		if err := s.move(off); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.window[off-s.start:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// move loads the window at off.
func (s *windowReader) move(off int64) error {
	w := make([]byte, min(s.size-off, windowBytes))
	n, err := s.r.ReadAt(w, off)
	if n < len(w) && err != io.EOF {
		return err
	}
	s.window, s.start = w[:n], off
	return nil
}

// bytes returns n bytes at off, or ErrDamaged if the file ends earlier.
func (s *windowReader) bytes(off int64, n int) ([]byte, error) {
	if off < 0 || int64(n) > s.size-off {
		return nil, damaged(io.ErrUnexpectedEOF)
	}
	p := make([]byte, n)
	if k, err := s.ReadAt(p, off); k < n {
		return nil, damaged(err)
	}
	return p, nil
}
