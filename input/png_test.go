package input

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"
)

func pngChunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// Packed text and profiles are left out, wherever they stand; all else stays.
func TestWithoutPacked(t *testing.T) {
	whole := encode(t, PNG, gradient(9, 7))
	const header = 33
	end := len(whole) - 12
	packed := slices.Concat(pngChunk("zTXt", "a\x00\x00xyz"), pngChunk("iTXt", "b"), pngChunk("iCCP", ""))
	plain := slices.Concat(pngChunk("tEXt", "a\x00b"), pngChunk("gAMA", "\x00\x00\xb1\x8f"))
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	cases := map[string]struct{ got, want []byte }{
		"nothing to leave out": {join(whole[:header], plain, whole[header:]), join(whole[:header], plain, whole[header:])},
		"before the pixels":    {join(whole[:header], packed, whole[header:]), whole},
		"between others":       {join(whole[:header], packed, plain, packed, whole[header:]), join(whole[:header], plain, whole[header:])},
		"after the pixels":     {join(whole[:end], packed, whole[end:]), whole},
		"cut within one":       {join(whole[:header], packed[:20]), join(whole[:header], packed[18:20])},
		"cut at the length":    {join(whole[:header], []byte{0, 0}), join(whole[:header], []byte{0, 0})},
		"an endless chunk":     {join(whole[:header], []byte("\xff\xff\xff\xffzTXtabcdefgh")), join(whole[:header], []byte("\xff\xff\xff\xffzTXtabcdefgh"))},
		"no chunk":             {whole[:8], whole[:8]},
		"nothing":              {nil, nil},
	}
	for name, c := range cases {
		before := bytes.Clone(c.got)
		if got := withoutPacked(c.got); !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if !bytes.Equal(c.got, before) {
			t.Errorf("%s: got the caller's bytes changed", name)
		}
	}
}

// How many scans a JPEG may have depends on its pixels.
func TestCountScans(t *testing.T) {
	for _, c := range []struct {
		scans, side int
		refused     bool
	}{{100, 1000, false}, {101, 1000, true}, {20, 10_000, false}, {21, 10_000, true}} {
		err := countScans(bytes.Repeat([]byte{0xff, 0xda}, c.scans), Header{Width: c.side, Height: c.side})
		if (err != nil) != c.refused {
			t.Errorf("%d scans of %d pixels a side: got %v, want it refused: %v", c.scans, c.side, err, c.refused)
		}
	}
}
