package main

import (
	"os"
	"syscall"

	"alexnet/tfgraph"
)

// preferOneDNN starts the program again, in the same process, with oneDNN's
// kernels switched on where TensorFlow by itself leaves them off: it reads the
// environment while it is being loaded, before any line of Go. Who sets
// TF_ENABLE_ONEDNN_OPTS keeps what they chose. TensorFlow's own chatter is
// silenced in the same way unless TF_CPP_MIN_LOG_LEVEL asks for it.
func preferOneDNN() {
	again := false
	set := func(name, value string) {
		if _, chosen := os.LookupEnv(name); !chosen {
			os.Setenv(name, value)
			again = again || name == "TF_ENABLE_ONEDNN_OPTS"
		}
	}
	set("TF_CPP_MIN_LOG_LEVEL", "3")
	if on, known := tfgraph.OneDNN(); known && !on {
		set("TF_ENABLE_ONEDNN_OPTS", "1")
	}
	if self, err := os.Executable(); err == nil && again {
		_ = syscall.Exec(self, os.Args, os.Environ()) // on failure this process goes on without oneDNN
	}
	if os.Getenv("TF_CPP_MIN_LOG_LEVEL") >= "2" {
		tfgraph.Quiet()
	}
}

// kernels says in words which kernels the process uses.
func kernels() string {
	switch on, known := tfgraph.OneDNN(); {
	case on:
		return "oneDNN"
	case known:
		return "Eigen (oneDNN off)"
	}
	return "unknown to this library"
}
