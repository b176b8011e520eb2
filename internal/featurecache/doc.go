// Package featurecache stores the features of images, the output of a network's
// frozen layers, so that they are computed once and not in every epoch. Start with
// [NewMemory] and [OpenFile].
//
// A row is the features of one image, float32 or rounded to float16, addressed by
// the image's index in the dataset. In a file its key is the SHA-256 of the image's
// content, so it survives renaming, other images being added and removed, and the
// run. The index of package content knows the hashes of unchanged images, which are
// then not read.
//
// Every row of a file carries a checksum, which is verified when the row is read: a
// torn or altered row is missing, never wrong. A file costs 44 bytes of memory per
// image, about 1 KiB while it is opened, and one row while it is read.
package featurecache
