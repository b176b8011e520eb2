// Package hostile makes odd, broken and malicious pictures for tests: whole ones
// of every format that was drawn here, what becomes of them when bytes are
// flipped, cut, moved or spliced, and small files that ask for much memory or
// time. Start with [Pictures] and [Plant].
//
// The same count and seed give the same files. Nothing is taken from elsewhere.
package hostile
