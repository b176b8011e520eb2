package hostile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"slices"
)

// mutation damages a copy of an image; other is a second image to splice from.
type mutation struct {
	name string
	do   func(random *rand.Rand, b, other []byte) []byte
}

var mutations = []mutation{
	{"flipped", func(random *rand.Rand, b, _ []byte) []byte {
		for range 1 + random.IntN(16) {
			b[random.IntN(len(b))] ^= byte(1 + random.UintN(255))
		}
		return b
	}},
	{"cut", func(random *rand.Rand, b, _ []byte) []byte { return b[:random.IntN(len(b))] }},
	{"headless", func(random *rand.Rand, b, _ []byte) []byte { return b[random.IntN(min(64, len(b))):] }},
	{"padded", func(random *rand.Rand, b, _ []byte) []byte { return append(b, noise(random, 1+random.IntN(5000))...) }},
	{"blank", func(random *rand.Rand, b, _ []byte) []byte {
		from := random.IntN(len(b))
		clear(b[from : from+random.IntN(len(b)-from)])
		return b
	}},
	{"stuttering", func(random *rand.Rand, b, _ []byte) []byte {
		from := random.IntN(len(b))
		piece := slices.Clone(b[from : from+random.IntN(len(b)-from)])
		return slices.Insert(b, from, slices.Repeat(piece, 1+random.IntN(20))...)
	}},
	{"spliced", func(random *rand.Rand, b, other []byte) []byte {
		return append(b[:random.IntN(len(b))], other[random.IntN(len(other)):]...)
	}},
	{"two in one", func(_ *rand.Rand, b, other []byte) []byte { return append(b, other...) }},
	{"large numbers", func(random *rand.Rand, b, _ []byte) []byte {
		extremes := []uint32{0, 1, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff}
		for range 1 + random.IntN(4) {
			at, v := random.IntN(min(len(b), 120)), extremes[random.IntN(len(extremes))]
			if at+4 > len(b) {
				continue
			}
			if random.IntN(2) == 0 {
				binary.BigEndian.PutUint32(b[at:], v)
			} else {
				binary.LittleEndian.PutUint32(b[at:], v)
			}
		}
		return b
	}},
	{"swapped", func(random *rand.Rand, b, _ []byte) []byte {
		half := random.IntN(len(b))
		return slices.Concat(b[:min(20, half)], b[half:], b[min(20, half):half])
	}},
}

func noise(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.UintN(256))
	}
	return b
}

var pngMagic = []byte("\x89PNG\r\n\x1a\n")

// fixChecksums corrects the checksums of a PNG's chunks, so that the damage reaches the code behind the checksum (PNG
// specification, §5.3).
func fixChecksums(b []byte) []byte {
	if !bytes.HasPrefix(b, pngMagic) {
		return b
	}
	for at := len(pngMagic); at+12 <= len(b); {
		length := int(binary.BigEndian.Uint32(b[at:]))
		if length > len(b)-at-12 {
			break
		}
		binary.BigEndian.PutUint32(b[at+8+length:], crc32.ChecksumIEEE(b[at+4:at+8+length]))
		at += 12 + length
	}
	return b
}

// chunk returns a chunk of a PNG.
func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}
