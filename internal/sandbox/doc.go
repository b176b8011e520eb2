// Package sandbox decodes images in child processes, so that one which makes a
// decoder crash, hang or take all memory costs itself and nothing else. Start
// with [Main], which lets a program have such children, and [Open].
//
// A child is this very program, started again in a mode in which it only
// decodes: it opens no file, gets encoded bytes through a pipe, gives back
// floats or a reason, and has limits of time and memory for each image. What
// it finds is a verdict, which is kept by the image's content: an image that
// has passed once is decoded in the calling process from then on, and one that
// has failed is refused without another try. Crashes and timeouts are no
// verdicts, since another day's memory may do; they are tried again.
//
// Verdicts are kept in [Options].Dir, as verdicts.csv and nothing else: paths,
// times, hashes and reasons, no part of an image. The file may be removed at any
// time; images are then scanned anew, which takes longer and changes no result.
//
// The bytes of an image decide its verdict, not its name; name, size and time
// of change only spare reading it again.
package sandbox
