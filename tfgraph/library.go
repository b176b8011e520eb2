package tfgraph

// #cgo linux LDFLAGS: -ldl
// #define _GNU_SOURCE
// #include <dlfcn.h>
// #include <stdbool.h>
// #include "tensorflow/c/c_api.h"
//
// // TensorFlow decides once, from the processor and TF_ENABLE_ONEDNN_OPTS,
// // whether its kernels go to oneDNN; this asks the very function they ask.
// static int onednn(void) {
//   bool (*enabled)(void) = (bool (*)(void))dlsym(RTLD_DEFAULT, "_ZN10tensorflow12IsMKLEnabledEv");
//   return enabled == 0 ? -1 : enabled();
// }
import "C"

// Version is the version of the TensorFlow library that is loaded.
func Version() string { return C.GoString(C.TF_Version()) }

// OneDNN tells whether TensorFlow's kernels use oneDNN in this process; known
// is false where the library does not say. TensorFlow reads
// TF_ENABLE_ONEDNN_OPTS before main starts, so the environment of the process
// decides and os.Setenv comes too late.
func OneDNN() (on, known bool) {
	switch C.onednn() {
	case 1:
		return true, true
	case 0:
		return false, true
	}
	return false, false
}

// Kernels says in words which kernels the process uses.
func Kernels() string {
	switch on, known := OneDNN(); {
	case on:
		return "oneDNN"
	case known:
		return "Eigen (oneDNN off)"
	}
	return "unknown to this library"
}
