package featurecache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"alexnet/internal/crc32c"
)

// Key identifies all that a row depends on besides the image: weights, preprocessing and library.
type Key [sha256.Size]byte

// File is a store on disk. A file with 100,000 images opens in less than a second,
// whatever the width of its rows, unless images must be read.
type File struct {
	f *os.File
	layout
	slot []int32         // image → its place in the next two
	name []rowKey        // what the row is kept under
	row  []atomic.Uint64 // 0, or 1 + the record's number above the row's CRC-32C

	writing sync.Mutex
	records int64 // in the file
	packed  []byte
	buffers sync.Pool // of *[]byte
}

// OpenFile opens or creates the file of key and width in dir, for some images. It reads the images that o.Contents does not
// know. A file that is damaged or of another version is recreated, and a file of another program is renamed, with a note;
// if that fails, the error is [ErrForeign]. The file is locked until Close; a file locked by another process is [ErrBusy].
func OpenFile(ctx context.Context, dir string, key Key, width int, images []Entry, o Options) (s *File, err error) {
	s = &File{layout: layout{width: width, half: o.Half, size: o.RowSize(width)}}
	path := filepath.Join(dir, s.fileName(key))
	defer func() {
		if err != nil {
			err = fmt.Errorf("open features %q: %w", path, err)
		}
	}()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if s.f, err = openOrCreate(path, s.header(key), o); err != nil {
		return nil, err
	}
	names, err := keysOf(ctx, images, o)
	if err == nil {
		err = s.scan(names, o)
	}
	if err != nil {
		s.f.Close()
		return nil, err
	}
	s.packed = make([]byte, s.size)
	s.buffers.New = func() any { b := make([]byte, s.size); return &b }
	return s, nil
}

// scan finds the rows in the file. Of two rows with one key the later counts.
func (s *File) scan(names []rowKey, o Options) error {
	var number map[rowKey]int32
	s.slot, number, s.name = dedupe(names)
	s.row = make([]atomic.Uint64, len(s.name))
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	table := make([]byte, tableSize)
	whole := int64(0)
	for first := int64(0); s.at(first) < info.Size(); first += recordsPerGroup {
		if _, err := s.f.ReadAt(table, s.tag(first)); err != nil {
			return err
		}
		for k := range int64(recordsPerGroup) {
			record := first + k
			if s.at(record)+s.size > info.Size() {
				break
			}
			name, sum, ok := parseTag(table[k*tagSize:][:tagSize])
			if !ok {
				continue
			}
			s.records = record + 1
			whole++
			if slot, ok := number[name]; ok {
				s.row[slot].Store(uint64(record+1)<<32 | uint64(sum))
			}
		}
	}
	if whole < s.records {
		o.note("%d of %d rows of features %q are damaged and recomputed", s.records-whole, s.records, s.f.Name())
	}
	return nil
}

// Has implements [Store]. Images of one content, orientation and draw share a row.
func (s *File) Has(i int) bool { return s.row[s.slot[i]].Load() != 0 }

// Read implements [Store]. A row with a wrong checksum is missing.
func (s *File) Read(i int, into []float32) error {
	if err := s.read(i, into); err != nil {
		return fmt.Errorf("read features of image %d: %w", i, err)
	}
	return nil
}

func (s *File) read(i int, into []float32) error {
	if err := checkWidth(into, s.width); err != nil {
		return err
	}
	row := s.row[s.slot[i]].Load()
	if row == 0 {
		return ErrMissing
	}
	raw := bytesOf(into)
	if s.half {
		buffer := s.buffers.Get().(*[]byte)
		defer s.buffers.Put(buffer)
		raw = *buffer
	}
	if _, err := s.f.ReadAt(raw, s.at(int64(row>>32)-1)); err != nil {
		return fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if crc32c.Checksum(raw) != uint32(row) {
		return fmt.Errorf("%w: its checksum is wrong", ErrMissing)
	}
	if s.half {
		unpackHalves(into, raw)
	}
	return nil
}

// Write implements [Store]. An existing row is replaced in place. After an error, such as a full disk, the file still holds
// the other rows.
func (s *File) Write(i int, row []float32) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.write(s.slot[i], row); err != nil {
		return fmt.Errorf("store features of image %d: %w", i, err)
	}
	return nil
}

func (s *File) write(slot int32, row []float32) error {
	if err := checkWidth(row, s.width); err != nil {
		return err
	}
	raw := bytesOf(row)
	if s.half {
		raw = s.packed
		packHalves(raw, row)
	}
	record, added := int64(s.row[slot].Swap(0)>>32)-1, int64(0)
	if record < 0 {
		record, added = s.records, 1
	}
	// The row is written before its tag, so that an interrupted write leaves no row.
	sum := crc32c.Checksum(raw)
	_, err := s.f.WriteAt(raw, s.at(record))
	if err == nil {
		_, err = s.f.WriteAt(appendTag(nil, s.name[slot], sum), s.tag(record))
	}
	if err != nil {
		if added > 0 {
			err = errors.Join(err, s.f.Truncate(s.at(record)))
		}
		return err
	}
	s.records += added
	s.row[slot].Store(uint64(record+1)<<32 | uint64(sum))
	return nil
}

// Close implements [Store].
func (s *File) Close() error { return s.f.Close() }

// A features file, DIR/<key>.features or DIR/<key>.half.features, is a header of 4 KiB and groups of 4,096 records, the
// last as far as it goes. First in a group come the tags of all its records
//
//	name 32 bytes, CRC-32C of the row, CRC-32C of these 36 bytes
//
// then the rows: float32, or float16 and the power of two that they were divided
// by. All is little-endian. A record with a zero or damaged tag does not exist.
const (
	magic           = "alexnet features 2\n"
	stem            = "alexnet features "
	headerSize      = 4096
	recordsPerGroup = 4096
	tagSize         = sha256.Size + 4 + 4
	tableSize       = recordsPerGroup * tagSize
)

type layout struct {
	width int
	half  bool
	size  int64 // bytes of a row
}

func (l layout) fileName(key Key) string {
	kind := ""
	if l.half {
		kind = ".half"
	}
	return fmt.Sprintf("%x%s.features", key[:8], kind)
}

// tag is the offset of a record's tag.
func (l layout) tag(record int64) int64 {
	return headerSize + record/recordsPerGroup*(tableSize+recordsPerGroup*l.size) + record%recordsPerGroup*tagSize
}

// at is the offset of its row.
func (l layout) at(record int64) int64 {
	return headerSize + record/recordsPerGroup*(tableSize+recordsPerGroup*l.size) + tableSize + record%recordsPerGroup*l.size
}

func (l layout) header(key Key) []byte {
	h := make([]byte, headerSize)
	copy(h, magic)
	if l.half {
		h[19] = 1
	}
	binary.LittleEndian.PutUint32(h[20:], uint32(l.width))
	copy(h[24:], key[:])
	binary.LittleEndian.PutUint32(h[60:], crc32c.Checksum(h[:60]))
	return h
}

func parseTag(tag []byte) (n rowKey, sum uint32, ok bool) {
	sums := tag[len(n):]
	ok = crc32c.Checksum(tag[:tagSize-4]) == binary.LittleEndian.Uint32(sums[4:])
	return rowKey(tag[:len(n)]), binary.LittleEndian.Uint32(sums), ok
}

func appendTag(tag []byte, n rowKey, sum uint32) []byte {
	tag = binary.LittleEndian.AppendUint32(append(tag, n[:]...), sum)
	return binary.LittleEndian.AppendUint32(tag, crc32c.Checksum(tag))
}
