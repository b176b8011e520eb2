// Package caption shows what a model says of a photograph: the picture with a line of text a class under it.
//
// Start with Decode, which reads a photograph as people see it, and Draw, which sets lines of text
// under it; DrawRanked sets bars beside them, and Save writes the result.
//
// The text never covers the picture. Sizes follow the picture, which is enlarged or reduced to a size that is good to
// look at, and the same arguments give the same pixels. Text is set in the Go fonts, which hold Latin, Greek and
// Cyrillic; any other character appears as an empty box. Nothing panics, whatever the picture's bytes, and no file is
// ever replaced but one that Save wrote before.
package caption
