package sandbox

import (
	"os"
	"sync/atomic"
)

// childMark is set in the environment of a child.
const childEnv = "ALEXNET_SCAN_CHILD"

var ready atomic.Bool

// Main lets [Open] start this program again as a child. It has to be the first
// thing that main, or a test's TestMain, calls; in a child it does the child's
// work and never returns.
func Main() {
	if os.Getenv(childEnv) == "" {
		ready.Store(true)
		return
	}
	os.Unsetenv(childEnv)
	os.Exit(serve(os.Stdin, os.NewFile(responseFD, "answers")))
}

// Available tells whether Main was called.
func Available() bool { return ready.Load() }
