package main

import (
	"os"

	"alexnet/tfgraph"
)

// TensorFlow reads its environment while it is being loaded, before any line of
// Go. So the program has a getenv of its own, which the library finds before the
// C library's, and which answers as this program wants where the user says
// nothing: oneDNN's kernels on, which TensorFlow by itself leaves off on many
// processors; float32 on GPUs to be float32, which NVIDIA's libraries otherwise
// multiply in TF32, with ten bits of mantissa; and its own chatter silenced.

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

// quietLibrary gets over with what TensorFlow says whatever its log level.
func quietLibrary() {
	if level, chosen := os.LookupEnv("TF_CPP_MIN_LOG_LEVEL"); !chosen || level >= "2" {
		tfgraph.Quiet()
	}
}
