// Package tfrecord reads and writes TFRecord files: byte strings, one after
// another, each with checksums.
//
// Start with [Writer] and [Reader].
//
// A record on disk is its length (eight bytes, little-endian), a checksum of
// those eight bytes, the data, and a checksum of the data. The length has a
// checksum of its own so that a damaged one is noticed before anything is
// allocated for it. A Reader stops at the first error and repeats it: no record
// after a damaged length can be found. It never trusts a length: memory grows with
// the data that arrives, up to the caller's limit.
//
// The format is described in TensorFlow's tutorial "TFRecord and
// tf.train.Example", section "TFRecords format details".
package tfrecord

import "hash/crc32"

const (
	headerSize = 8 + 4 // length and its checksum
	footerSize = 4     // checksum of the data
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C of data, rotated and shifted as the format requires, so
// that data which itself contains checksums does not weaken it.
func checksum(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}
