package featurecache

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"alexnet/internal/crc32c"
	"alexnet/internal/regular"
)

// The index of a folder, DIR/images.index, serves all files in it. After a
// line that names the format come entries
//
//	content 32 bytes, size, time of change in ns since 1970, length of path, path
//
// with integers of 64, 64 and 32 bits, and last the CRC-32C of all before, all
// little-endian. It is replaced as a whole, never changed in place.
const (
	indexName  = "pictures.index"
	indexMagic = "alexnet pictures 1\n"
	indexStem  = "alexnet pictures "
	mostIndex  = 1 << 30
	entrySize  = len(content{}) + 8 + 8 + 4 // without the path
)

// entry is what is known of the file at a path.
type entry struct {
	content content
	size    int64
	changed int64 // ns since 1970
	fresh   bool  // seen too soon after it was changed to be believed later
}

// readIndex reads the index at path by the images' paths. One that is damaged
// is empty, and one that something else wrote is set aside.
func readIndex(path string, o Options) (map[string]entry, error) {
	raw, err := regular.Read(path, mostIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]entry{}, nil
	}
	if err != nil {
		return nil, err
	}
	if !isOwn(raw, indexStem) {
		return map[string]entry{}, setAside(path, o)
	}
	index, ok := parseIndex(raw)
	if !ok {
		o.note("images are read again: their index %q is damaged or of another version", path)
		return map[string]entry{}, nil
	}
	return index, nil
}

// parseIndex reads an index; not ok, nothing, where it is no whole one.
func parseIndex(raw []byte) (index map[string]entry, ok bool) {
	body := len(raw) - crc32.Size
	if body < len(indexMagic) || string(raw[:len(indexMagic)]) != indexMagic ||
		crc32c.Checksum(raw[:body]) != binary.LittleEndian.Uint32(raw[body:]) {
		return nil, false
	}
	rest := raw[len(indexMagic):body]
	index = make(map[string]entry, len(rest)/(entrySize+64))
	for len(rest) > 0 {
		if len(rest) < entrySize {
			return nil, false
		}
		e := entry{
			content: content(rest),
			size:    int64(binary.LittleEndian.Uint64(rest[32:])),
			changed: int64(binary.LittleEndian.Uint64(rest[40:])),
		}
		length := int64(binary.LittleEndian.Uint32(rest[48:]))
		if rest = rest[entrySize:]; int64(len(rest)) < length {
			return nil, false
		}
		index[string(rest[:length])], rest = e, rest[length:]
	}
	return index, true
}

func encodeIndex(index map[string]entry) []byte {
	raw := []byte(indexMagic)
	for _, path := range slices.Sorted(maps.Keys(index)) {
		e := index[path]
		raw = append(raw, e.content[:]...)
		raw = binary.LittleEndian.AppendUint64(raw, uint64(e.size))
		raw = binary.LittleEndian.AppendUint64(raw, uint64(e.changed))
		raw = binary.LittleEndian.AppendUint32(raw, uint32(len(path)))
		raw = append(raw, path...)
	}
	return binary.LittleEndian.AppendUint32(raw, crc32c.Checksum(raw))
}

// writeIndex replaces the index at path. Processes that do so at once overwrite
// each other's news, which costs reading those images again.
func writeIndex(path string, index map[string]entry) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".pictures-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(encodeIndex(index))
	if err = cmp.Or(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
