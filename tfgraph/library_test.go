package tfgraph_test

import (
	"os"
	"runtime"
	"testing"

	"alexnet/tfgraph"
)

// The builders' op definitions are those of this very version.
func TestVersion(t *testing.T) {
	if got := tfgraph.Version(); got != "2.18.0" {
		t.Errorf("got TensorFlow %s, want 2.18.0", got)
	}
}

func TestOneDNN(t *testing.T) {
	on, known := tfgraph.OneDNN()
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" && !known {
		t.Error("this library does not say whether it uses oneDNN: has the function's name changed?")
	}
	switch os.Getenv("TF_ENABLE_ONEDNN_OPTS") {
	case "0":
		if known && on {
			t.Error("got on, although the environment says 0")
		}
	case "1":
		if known && !on {
			t.Error("got off, although the environment says 1")
		}
	}
}
