package content

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"alexnet/internal/crc32c"
)

// An index's file is a line that names the format, entries of
//
//	hash 32 bytes, size, modification and change time in ns since 1970, length of path, path
//
// with integers of 64, 64, 64 and 32 bits, and the CRC-32C of all before it, all little-endian.
const (
	magic     = "alexnet contents 1\n"
	maxFile   = 1 << 30
	entrySize = len(Hash{}) + 3*8 + 4 // without the path
	sumSize   = 4
)

var errDamaged = errors.New("damaged, or of another version")

// parse reads all entries or none.
func parse(raw []byte) (map[string]entry, error) {
	body := len(raw) - sumSize
	if body < len(magic) || string(raw[:len(magic)]) != magic || crc32c.Checksum(raw[:body]) != binary.LittleEndian.Uint32(raw[body:]) {
		return nil, errDamaged
	}
	rest := raw[len(magic):body]
	entries := make(map[string]entry, len(rest)/(entrySize+64))
	for len(rest) > 0 {
		if len(rest) < entrySize {
			return nil, errDamaged
		}
		number := func(at int) int64 { return int64(binary.LittleEndian.Uint64(rest[at:])) }
		e := entry{Stamp{number(32), number(40), number(48)}, Hash(rest[:32])}
		length := int64(binary.LittleEndian.Uint32(rest[56:]))
		if rest = rest[entrySize:]; int64(len(rest)) < length {
			return nil, errDamaged
		}
		entries[string(rest[:length])], rest = e, rest[length:]
	}
	return entries, nil
}

func encode(entries map[string]entry) []byte {
	raw := []byte(magic)
	for _, path := range slices.Sorted(maps.Keys(entries)) {
		e := entries[path]
		raw = append(raw, e.hash[:]...)
		for _, n := range []int64{e.size, e.modified, e.changed} {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(n))
		}
		raw = binary.LittleEndian.AppendUint32(raw, uint32(len(path)))
		raw = append(raw, path...)
	}
	return binary.LittleEndian.AppendUint32(raw, crc32c.Checksum(raw))
}
