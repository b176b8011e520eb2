// Package sandbox decodes images in child processes, so that an image that crashes the decoder, hangs it or takes all
// memory costs only itself. Start with [Main], which enables a program to have such children, and [Open].
//
// A child is this program, started again in a mode in which it only decodes: it reads encoded bytes from a pipe, returns
// floats or a reason, and has time and memory limits per image. Where the kernel has seccomp, it can neither open a file
// or a connection nor start a program.
//
// A [Pool] is for datasets. Its result is a verdict, stored by the image's content: an image that has passed is decoded in
// the calling process from then on, and one that has failed is refused without another try. Crashes and timeouts are not
// stored, since they may depend on the machine's load; those images are tried again. A [Decoder] decodes every image in a
// child and stores nothing: for the images that a model classifies.
//
// Verdicts are stored in [Options].Dir, as verdicts.csv: hashes and reasons, no part of an image. The file may be
// removed at any time; images are then verified again, which takes longer and changes no result. An image's content
// decides its verdict, not its name; the index of package content spares reading the files again.
package sandbox

import (
	"os"
	"runtime"
	"sync/atomic"
)

// childEnv is set in the environment of a child.
const childEnv = "ALEXNET_SANDBOX_CHILD"

var ready atomic.Bool

// Main lets [Open] and [NewDecoder] start this program again as a child. main, or a test's TestMain,
// must call it first; in a child it does the child's work and never returns.
func Main() {
	if os.Getenv(childEnv) == "" && !forked() {
		ready.Store(true)
		return
	}
	os.Unsetenv(childEnv)
	runtime.GOMAXPROCS(2) // so that the watchdog runs beside a decoder that hangs
	os.Exit(serve(os.Stdin, os.NewFile(responseFD, "responses")))
}

// Available reports whether Main was called.
func Available() bool { return ready.Load() }
