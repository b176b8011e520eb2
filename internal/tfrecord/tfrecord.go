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

import "alexnet/internal/crc32c"

const (
	headerSize = 8 + 4 // length and its checksum
	footerSize = 4     // checksum of the data
)

// checksum is the masked CRC-32C of data.
func checksum(data []byte) uint32 { return crc32c.Mask(crc32c.Checksum(data)) }
