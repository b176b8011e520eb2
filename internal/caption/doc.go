// Package caption draws a model's predictions below an image: one line of text per class.
//
// Start with [Decode], which reads an image upright, and [Draw], which adds lines of text
// below it; [DrawBars] adds bars, and [Save] writes the result.
//
// The text never covers the image. The image is scaled to a readable size, and the same
// arguments give the same pixels. The Go fonts cover Latin, Greek and Cyrillic; any other
// character appears as an empty box. Nothing panics, whatever the image's bytes, and Save
// replaces only files that it wrote.
package caption
