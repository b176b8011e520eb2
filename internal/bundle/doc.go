// Package bundle reads TensorFlow V2 checkpoint bundles: the variables that a
// training run saved, without TensorFlow.
//
// Start with [Open] and [Reader].
//
// A bundle is PREFIX.index, a sorted table from names to file offsets, and one or more
// PREFIX.data-SSSSS-of-NNNNN, which hold the values one after another. Open reads
// the whole index and trusts none of it: every block is checked against its
// checksum, blocks have to cover the file without a gap, keys have to ascend, and
// every offset has to lie within an existing data file. Memory use is bounded by the
// size of the index, never by the sizes it claims. Values are float32, row-major,
// in the order in which TensorFlow has them; other types are listed and can be
// verified, not read. They are copies, verified as they are made; a memory mapping would crash the process
// if the file were truncated.
//
// The formats are those of TensorFlow's tensor_bundle (BundleHeaderProto and
// BundleEntryProto in tensor_bundle.proto) and of LevelDB's tables
// (doc/table_format.md), which TensorFlow writes uncompressed.
package bundle
