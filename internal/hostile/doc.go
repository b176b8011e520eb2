// Package hostile generates unusual, corrupt and malicious images for tests: valid ones of every format, mutations of
// these with bytes flipped, cut, moved or spliced, and small files that demand much memory or time. Start with [Images]
// and [Plant].
//
// The same count and seed give the same files.
package hostile
