package bundle

import (
	"errors"
	"fmt"
	"io"
	"os"

	"alexnet/internal/crc32c"
	"alexnet/internal/regular"
)

// chunkSize is how much of a data file is read at once: whole elements of every type.
const chunkSize = 256 << 10

// shard is one open data file.
type shard struct {
	path string
	file *os.File
	size int64
}

func openShard(path string) (*shard, error) {
	file, info, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	return &shard{path: path, file: file, size: info.Size()}, nil
}

// read reads the bytes of e into a slice of their length, unless it is nil, and verifies their checksum.
func (s *shard) read(e *entry, into []byte) error {
	piece := make([]byte, min(e.Bytes, chunkSize))
	var sum uint32
	for done := int64(0); done < e.Bytes; {
		n := min(e.Bytes-done, chunkSize)
		if piece = piece[:n]; into != nil {
			piece = into[done : done+n]
		}
		if got, err := s.file.ReadAt(piece, e.offset+done); got < len(piece) {
			return s.truncated(e.offset+done+int64(got), err)
		}
		sum = crc32c.Update(sum, piece)
		done += n
	}
	if got := crc32c.Mask(sum); got != e.crc {
		return &FormatError{s.path, e.offset, fmt.Sprintf("%d bytes with checksum %08x", e.Bytes, got), fmt.Sprintf("%08x", e.crc)}
	}
	return nil
}

// truncated reports a file that became shorter since it was opened.
func (s *shard) truncated(at int64, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read bundle %q: at byte %d: %w", s.path, at, err)
}

func (s *shard) close() error {
	if err := s.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
