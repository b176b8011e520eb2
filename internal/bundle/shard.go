package bundle

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// pieceSize is how much of a data file is read at once: whole elements of every type.
const pieceSize = 256 << 10

// shard is one open data file, mapped into memory once that is asked for.
type shard struct {
	path string
	file *os.File
	size int64

	mu     sync.Mutex
	mapped []byte
	closed bool
}

func openShard(path string) (*shard, error) {
	file, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	return &shard{path: path, file: file, size: size}, nil
}

// stream hands the bytes of e over in pieces and then compares their checksum.
func (s *shard) stream(e *entry, take func(piece []byte)) error {
	buffer := make([]byte, min(e.Bytes, pieceSize))
	var sum uint32
	for done := int64(0); done < e.Bytes; {
		piece := buffer[:min(e.Bytes-done, pieceSize)]
		if got, err := s.file.ReadAt(piece, e.offset+done); got < len(piece) {
			return s.short(e.offset+done+int64(got), err)
		}
		sum = crc32.Update(sum, castagnoli, piece)
		take(piece)
		done += int64(len(piece))
	}
	if got := masked(sum); got != e.crc {
		return &FormatError{s.path, e.offset, fmt.Sprintf("%d bytes with checksum %08x", e.Bytes, got), fmt.Sprintf("%08x", e.crc)}
	}
	return nil
}

// short says why a file that was long enough when it was opened no longer is.
func (s *shard) short(at int64, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read bundle %q: at byte %d: %w", s.path, at, err)
}

// memory returns the whole file as memory that is read only, valid until close.
func (s *shard) memory() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("map bundle %q: %w", s.path, os.ErrClosed)
	}
	if s.mapped == nil {
		mapped, err := mapFile(s.file, int(s.size))
		if err != nil {
			return nil, fmt.Errorf("map bundle %q: %w", s.path, err)
		}
		s.mapped = mapped
	}
	return s.mapped, nil
}

func (s *shard) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	mapped := s.mapped
	s.mapped = nil
	return errors.Join(unmapFile(mapped), s.file.Close())
}
