// Package features keeps what the frozen part of a network makes of each
// picture, so that it is computed once and not in every epoch. Start with
// [NewMemory] and [OpenFile].
//
// A row is one picture's activations, float32, found by the picture's place in
// the data set. In a file it is kept under the SHA-256 of the picture's content,
// so it outlives renaming, other pictures coming and going, and the run. Every
// row of a file carries a checksum: what is torn or altered is missing, never
// wrong. Rows are read one by one, so a file costs no more memory than the rows
// in use.
package features
