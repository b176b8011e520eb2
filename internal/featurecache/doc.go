// Package featurecache keeps what the frozen part of a network makes of each
// image, so that it is computed once and not in every epoch. Start with
// [NewMemory] and [OpenFile].
//
// A row is one image's activations, float32 or rounded to float16, found by
// the image's place in the data set. In a file it is kept under the SHA-256 of
// the image's content, so it outlives renaming, other images coming and
// going, and the run. The index of package content knows the hashes, so that
// unchanged images are not read for them.
//
// Every row of a file carries a checksum, which is checked as the row is read:
// what is torn or altered is missing, never wrong. A file costs 44 bytes of
// memory a image, about 1 KiB while it is opened, and no row beyond the one
// being read.
package featurecache
