package input

import (
	"encoding/binary"
	"slices"
)

const (
	pngMagic    = 8  // bytes
	pngOverhead = 12 // bytes of a chunk beside its content: length, type, checksum
)

// withoutPacked leaves out the chunks of a PNG that hold packed text or colour
// profiles (PNG specification, §11.3.2.3, §11.3.3). No pixel depends on them
// here, but libpng unpacks each to up to 8 MB before the first: 4,000 of them in
// a file of 30 MB take minutes. From the first chunk that is not whole on, the
// file is left as it is.
func withoutPacked(encoded []byte) []byte {
	kept, from := []byte(nil), 0 // what is behind from is yet to be kept
	for at := pngMagic; at+pngOverhead <= len(encoded); {
		size := int64(binary.BigEndian.Uint32(encoded[at:])) + pngOverhead
		if size > int64(len(encoded)-at) {
			break
		}
		next := at + int(size)
		if slices.Contains([]string{"zTXt", "iTXt", "iCCP"}, string(encoded[at+4:at+8])) {
			kept, from = append(kept, encoded[from:at]...), next
		}
		at = next
	}
	if from == 0 {
		return encoded
	}
	return append(kept, encoded[from:]...)
}
