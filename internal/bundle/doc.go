// Package bundle reads TensorFlow V2 checkpoint bundles: the variables that a
// training run saved, without TensorFlow.
//
// Start with [Open] and [Reader].
//
// A bundle is PREFIX.index, a sorted table from names to places, and one or more
// PREFIX.data-SSSSS-of-NNNNN, which hold the values one after another. Open reads
// the whole index and trusts none of it: every block is checked against its
// checksum, blocks have to cover the file without a gap, keys have to ascend, and
// every place has to lie within a data file that is there. Memory taken is bounded
// by the size of the index, never by what it says. Values are float32, row-major,
// in the order in which TensorFlow has them; other types are listed and can be
// verified, not read. They are copies, verified as they are made, which stay what they
// are whatever becomes of the file: a mapping of it would end the process once it is
// made shorter.
//
// The formats are those of TensorFlow's tensor_bundle (BundleHeaderProto and
// BundleEntryProto in tensor_bundle.proto) and of LevelDB's tables
// (doc/table_format.md), of which TensorFlow's are the uncompressed kind.
package bundle
