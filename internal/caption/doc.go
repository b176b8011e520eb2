// Package caption shows what a model says of an image: the image with a line of text a class under it.
//
// Start with Decode, which reads an image as people see it, and Draw, which sets lines of text
// under it; DrawRanked sets bars beside them, and Save writes the result.
//
// The text never covers the image. Sizes follow the image, which is enlarged or reduced to a size that is good to
// look at, and the same arguments give the same pixels. Text is set in the Go fonts, which hold Latin, Greek and
// Cyrillic; any other character appears as an empty box. Nothing panics, whatever the image's bytes, and no file is
// ever replaced but one that Save wrote before.
package caption
