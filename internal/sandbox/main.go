package sandbox

import (
	"os"
	"sync/atomic"
)

// childEnv is set in the environment of a child.
const childEnv = "ALEXNET_SANDBOX_CHILD"

var ready atomic.Bool

// Main lets [Open] start this program again as a child. main, or a test's TestMain,
// must call it first; in a child it does the child's work and never returns.
func Main() {
	if os.Getenv(childEnv) == "" {
		ready.Store(true)
		return
	}
	os.Unsetenv(childEnv)
	os.Exit(serve(os.Stdin, os.NewFile(responseFD, "answers")))
}

// Available reports whether Main was called.
func Available() bool { return ready.Load() }
