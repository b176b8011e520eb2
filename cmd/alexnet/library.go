package main

import (
	"os"

	_ "alexnet/internal/tfenv" // defaults of TensorFlow's variables, read before main
	"alexnet/tfgraph"
)

// quietLibrary loads the parts of TensorFlow that print whatever its log level.
func quietLibrary() {
	if level, chosen := os.LookupEnv("TF_CPP_MIN_LOG_LEVEL"); !chosen || level >= "2" {
		tfgraph.Quiet()
	}
}
