package featurecache

import (
	"encoding/binary"
	"maps"
	"strings"
	"testing"

	"alexnet/internal/crc32c"
)

func example() map[string]entry {
	return map[string]entry{
		"/a.jpg":                            {content: content{1, 2, 3}, size: 7, changed: 1_700_000_000_123_456_789},
		"/" + strings.Repeat("long ", 900):  {content: content{4}, size: 1 << 40, changed: -1},
		"/with \x00, \n and \xff in it.jpg": {},
	}
}

func TestIndexRoundTrip(t *testing.T) {
	for _, want := range []map[string]entry{{}, example()} {
		if got, ok := parseIndex(encodeIndex(want)); !ok || !maps.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, ok, want)
		}
	}
}

// Whatever an index holds, it is read in bounds, and what is read is written as
// it was. The checksum is made to fit, so that what it guards is reached.
func FuzzIndex(f *testing.F) {
	whole := encodeIndex(example())
	for _, n := range []int{0, len(indexMagic), len(indexMagic) + entrySize, len(whole) - 5, len(whole) - 4} {
		f.Add(whole[:n])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		raw := binary.LittleEndian.AppendUint32(body[:len(body):len(body)], crc32c.Checksum(body))
		index, ok := parseIndex(raw)
		if !ok {
			if index != nil {
				t.Errorf("got %v of an index that is none", index)
			}
			return
		}
		again, ok := parseIndex(encodeIndex(index))
		if !ok || !maps.Equal(again, index) {
			t.Errorf("got %v, %v, want %v", again, ok, index)
		}
		if _, ok := parseIndex(body); ok && len(body) < len(indexMagic)+4 {
			t.Error("got an index without a checksum")
		}
	})
}
