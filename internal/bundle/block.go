package bundle

import (
	"encoding/binary"
	"fmt"
)

const restartSize = 4 // bytes of a restart point, and of their count

// walkBlock visits the records of a block's contents, which begin at byte base of
// the file. A record is three varints (bytes of the key shared with the one before,
// bytes of the key stored, bytes of the value), then those bytes of key and value.
func walkBlock(contents []byte, base int64, visit func(record) error) error {
	records, err := recordsOf(contents, base)
	if err != nil {
		return err
	}
	var key []byte
	for at := 0; at < len(records); {
		shared, stored, value, size := readRecord(records[at:], len(key))
		if size == 0 {
			return malformed(base+int64(at), "a key and a value within the block",
				"%x after a key of %d bytes", records[at:min(at+16, len(records))], len(key))
		}
		key = append(key[:shared], stored...)
		if err := visit(record{key, value, base + int64(at)}); err != nil {
			return err
		}
		at += size
	}
	return nil
}

// readRecord splits the record that b begins with, given the length of the key before
// it, and returns its size too: 0 where there is none.
func readRecord(b []byte, before int) (shared int, stored, value []byte, size int) {
	var lengths [3]uint64
	for i := range lengths {
		n := 0
		if lengths[i], n = uvarint(b[size:]); n == 0 {
			return 0, nil, nil, 0
		}
		size += n
	}
	rest := b[size:]
	left := uint64(len(rest))
	if lengths[0] > uint64(before) || lengths[1] > left || lengths[2] > left-lengths[1] {
		return 0, nil, nil, 0
	}
	stored, value = rest[:lengths[1]], rest[lengths[1]:][:lengths[2]]
	return int(lengths[0]), stored, value, size + len(stored) + len(value)
}

// uvarint returns the number that b begins with and its length there: 0 where there is
// none, or one that is not in its shortest form. No checksum covers those in the
// footer; with a single valid form per number, a flipped bit gives another number.
func uvarint(b []byte) (number uint64, length int) {
	number, length = binary.Uvarint(b)
	if length <= 0 || length > 1 && b[length-1] == 0 {
		return 0, 0
	}
	return number, length
}

// recordsOf returns the part of a block before its restart points: offsets for random access, followed by their count.
func recordsOf(contents []byte, base int64) ([]byte, error) {
	room := len(contents) - restartSize
	if room < restartSize {
		return nil, malformed(base, "a block with a restart point", "one of %d bytes", len(contents))
	}
	count := uint64(binary.LittleEndian.Uint32(contents[room:]))
	if count == 0 || count > uint64(room/restartSize) {
		return nil, malformed(base+int64(room), fmt.Sprintf("1 to %d restart points", room/restartSize), "%d", count)
	}
	return contents[:room-int(count)*restartSize], nil
}
