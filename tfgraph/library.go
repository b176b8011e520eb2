package tfgraph

// #cgo linux LDFLAGS: -ldl
// #define _GNU_SOURCE
// #include <dlfcn.h>
// #include <stdbool.h>
// #include "tensorflow/c/c_api.h"
//
// // TensorFlow decides once, from the processor and TF_ENABLE_ONEDNN_OPTS,
// // whether its kernels use oneDNN; this calls the function that they call.
// static int onednn(void) {
//   bool (*enabled)(void) = (bool (*)(void))dlsym(RTLD_DEFAULT, "_ZN10tensorflow12IsMKLEnabledEv");
//   return enabled == 0 ? -1 : enabled();
// }
import "C"

import (
	"context"
	"os"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// Version returns the version of the loaded TensorFlow library.
func Version() string { return C.GoString(C.TF_Version()) }

// OneDNN reports whether TensorFlow's kernels use oneDNN in this process; known
// is false if the library does not expose it. TensorFlow reads
// TF_ENABLE_ONEDNN_OPTS before main starts, so os.Setenv has no effect on it.
func OneDNN() (on, known bool) {
	switch C.onednn() {
	case 1:
		return true, true
	case 0:
		return false, true
	}
	return false, false
}

// Kernels describes the kernels that the process uses.
func Kernels() string {
	switch on, known := OneDNN(); {
	case on:
		return "oneDNN"
	case known:
		return "Eigen (oneDNN off)"
	}
	return "unknown"
}

// HasBFloat16 reports whether the processor multiplies bfloat16 in hardware.
// Without it TensorFlow's kernels are slower in bfloat16 than in float32.
func HasBFloat16() bool {
	on, known := OneDNN()
	return (cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16) && (on || !known)
}

// Quiet suppresses the messages that TensorFlow writes to stderr once in a
// process whatever TF_CPP_MIN_LOG_LEVEL is: it runs a graph of one constant
// while stderr is redirected to the null device. Call it before anything else
// writes to stderr.
func Quiet() {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer null.Close()
	stderr, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(stderr)
	if unix.Dup3(int(null.Fd()), 2, 0) != nil {
		return
	}
	defer unix.Dup3(stderr, 2, 0)
	session, one, err := openOne(Options{Device: CPU}) // a GPU would take a second to initialize
	if err != nil {
		return
	}
	defer session.Close()
	if out, err := session.Run(context.Background(), nil, []tf.Output{one}); err == nil {
		CloseAll(out)
	}
}

// openOne opens a session on a graph of one constant.
func openOne(options Options) (*Session, tf.Output, error) {
	root := op.NewScope()
	one := Const(root, "one", float32(1))
	def, err := GraphDef(root)
	if err != nil {
		return nil, one, err
	}
	session, err := Open(def, options)
	return session, one, err
}
