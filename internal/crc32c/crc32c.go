// Package crc32c computes CRC-32C (Castagnoli) checksums, plain and masked as TensorFlow's
// files have them. Start with [Checksum] and [Mask].
package crc32c

import "hash/crc32"

var table = crc32.MakeTable(crc32.Castagnoli)

// Checksum is the CRC-32C of data.
func Checksum(data []byte) uint32 { return crc32.Checksum(data, table) }

// Update adds data to a CRC-32C.
func Update(sum uint32, data []byte) uint32 { return crc32.Update(sum, table, data) }

// Mask is a CRC-32C as TFRecord files and checkpoint bundles store it: rotated and
// shifted, so that data which itself contains checksums does not weaken it.
func Mask(sum uint32) uint32 { return (sum>>15 | sum<<17) + 0xa282ead8 }
