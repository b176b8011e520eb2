// Package tfenv gives TensorFlow's environment variables other defaults. Import it for its
// effect.
//
// TensorFlow reads its environment while it is being loaded, before any Go code. So this
// package defines getenv, which overrides the C library's for the whole process, and sets
// defaults for variables that the user has not set: oneDNN's kernels on, which TensorFlow
// enables on some processors only; float32 on GPUs as float32, which NVIDIA's libraries
// otherwise multiply in TF32 with a 10-bit mantissa; and no log messages. It is the only
// override of its kind; the alternative, starting the program again with the variables
// set, would load the library twice.
package tfenv

// #include <stdlib.h>
// #include <string.h>
//
// extern char **environ;
//
// char *getenv(const char *name) {
//   size_t n = strlen(name);
//   for (char **e = environ; e != 0 && *e != 0; e++)
//     if (strncmp(*e, name, n) == 0 && (*e)[n] == '=') return *e + n + 1;
//   if (strcmp(name, "TF_ENABLE_ONEDNN_OPTS") == 0) return "1";
//   if (strcmp(name, "NVIDIA_TF32_OVERRIDE") == 0) return "0";
//   if (strcmp(name, "TF_CPP_MIN_LOG_LEVEL") == 0) return "3";
//   return 0;
// }
import "C"

import "unsafe"

// Get returns what the process's C libraries see as the value of a variable.
func Get(name string) (value string, ok bool) {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	v := C.getenv(c)
	return C.GoString(v), v != nil
}
