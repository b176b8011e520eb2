package features

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrBusy reports a file that another process is using, ErrForeign one that
// something else wrote, which is left as it is.
var (
	ErrBusy    = errors.New("another process uses these features")
	ErrForeign = errors.New("the file holds something else")
)

// Key names all that a row depends on beside the picture: the weights, the
// preprocessing, the library.
type Key [sha256.Size]byte

// Content is the SHA-256 of a picture's encoded bytes.
type Content [sha256.Size]byte

// File is a store on disk: DIR/<key>.features. After a header come records of
// one size, only ever appended:
//
//	content 32 bytes, CRC-32C of the row, CRC-32C of these 36 bytes, row
//
// all little-endian.
type File struct {
	f      *os.File
	width  int
	record int64
	count  int64             // records in the file
	place  map[Content]int64 // content → record
	names  []Content         // picture → content
}

const (
	magic      = "alexnet features 1\n"
	headerSize = 64
	tagSize    = sha256.Size + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenFile opens or makes the file of key in dir, with the given width, for
// pictures of the given contents, which it keeps. Records that are torn or
// altered are passed over, and cut off at the file's end; a file whose header
// does not fit is begun anew, and one that is no such file refused with
// [ErrForeign]. The file is this process's alone until Close; else [ErrBusy].
func OpenFile(dir string, key Key, width int, contents []Content) (s *File, err error) {
	path := filepath.Join(dir, fmt.Sprintf("%x.features", key[:8]))
	defer func() {
		if err != nil {
			err = fmt.Errorf("open features %q: %w", path, err)
		}
	}()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	s = &File{f: f, width: width, record: tagSize + 4*int64(width), place: map[Content]int64{}, names: contents}
	if err := s.open(header(key, width)); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func header(key Key, width int) []byte {
	h := make([]byte, headerSize)
	copy(h, magic)
	binary.LittleEndian.PutUint32(h[20:], uint32(width))
	copy(h[24:], key[:])
	binary.LittleEndian.PutUint32(h[60:], crc32.Checksum(h[:60], castagnoli))
	return h
}

func (s *File) open(want []byte) error {
	if err := unix.Flock(int(s.f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrBusy
		}
		return err
	}
	got := make([]byte, headerSize)
	n, err := s.f.ReadAt(got, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bytes.Equal(got, want) {
		return s.scan()
	}
	if !ours(got[:n]) {
		return ErrForeign
	}
	if err := s.f.Truncate(0); err != nil {
		return err
	}
	_, err = s.f.WriteAt(want, 0)
	return err
}

// ours tells the beginning of a features file, whole or not, from that of any
// other. A crash may leave nothing, a part, or zeros.
func ours(head []byte) bool {
	head = bytes.TrimRight(head[:min(len(head), len(magic))], "\x00")
	return strings.HasPrefix(magic, string(head))
}

// scan lists the records and cuts off what is none at the end. Of one picture's
// records the newest counts: it replaces one whose row was altered.
func (s *File) scan() error {
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	whole := (info.Size() - headerSize) / s.record
	tag := make([]byte, tagSize)
	for at := range whole {
		if _, err := s.f.ReadAt(tag, s.at(at)); err != nil {
			return err
		}
		if crc32.Checksum(tag[:tagSize-4], castagnoli) == binary.LittleEndian.Uint32(tag[tagSize-4:]) {
			s.place[Content(tag[:sha256.Size])], s.count = at, at+1
		}
	}
	return s.f.Truncate(s.at(s.count))
}

func (s *File) at(record int64) int64 { return headerSize + record*s.record }

// Has implements [Store]. Pictures of one content share a row.
func (s *File) Has(i int) bool {
	_, ok := s.place[s.names[i]]
	return ok
}

// Read implements [Store]. A row whose checksum does not fit is missing.
func (s *File) Read(i int, into []float32) error {
	at, ok := s.place[s.names[i]]
	if !ok {
		return fmt.Errorf("read features of picture %d: %w", i, ErrMissing)
	}
	raw := make([]byte, s.record)
	if _, err := s.f.ReadAt(raw, s.at(at)); err != nil {
		return fmt.Errorf("read features of picture %d: %w: %w", i, ErrMissing, err)
	}
	row := raw[tagSize:]
	if !bytes.Equal(raw[:sha256.Size], s.names[i][:]) ||
		crc32.Checksum(row, castagnoli) != binary.LittleEndian.Uint32(raw[sha256.Size:]) {
		return fmt.Errorf("read features of picture %d: %w: its checksum is wrong", i, ErrMissing)
	}
	for k := range into {
		into[k] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*k:]))
	}
	return nil
}

// Write implements [Store]. After an error, such as a full disk, the file holds
// what it held.
func (s *File) Write(i int, row []float32) error {
	raw := make([]byte, tagSize, s.record)
	copy(raw, s.names[i][:])
	for _, v := range row {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	binary.LittleEndian.PutUint32(raw[sha256.Size:], crc32.Checksum(raw[tagSize:], castagnoli))
	binary.LittleEndian.PutUint32(raw[tagSize-4:], crc32.Checksum(raw[:tagSize-4], castagnoli))
	if _, err := s.f.WriteAt(raw, s.at(s.count)); err != nil {
		return errors.Join(fmt.Errorf("keep features of picture %d: %w", i, err), s.f.Truncate(s.at(s.count)))
	}
	s.place[s.names[i]] = s.count
	s.count++
	return nil
}

// Close implements [Store].
func (s *File) Close() error { return s.f.Close() }
