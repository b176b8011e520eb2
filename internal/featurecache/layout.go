package featurecache

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"alexnet/internal/crc32c"
)

// A features file, DIR/<key>.features or DIR/<key>.half.features, is a header of
// 4 KiB and groups of 4,096 records, the last as far as it goes. First in a
// group come the tags of all its records
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
