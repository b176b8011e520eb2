package bundle

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is a CRC-32C as both formats store it: rotated and shifted, so that bytes
// which themselves contain checksums do not weaken it.
func masked(sum uint32) uint32 {
	return (sum>>15 | sum<<17) + 0xa282ead8
}
