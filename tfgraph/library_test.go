package tfgraph_test

import (
	"os"
	"runtime"
	"testing"

	"alexnet/tfgraph"
)

// graft's op definitions are those of this version.
func TestVersion(t *testing.T) {
	if got := tfgraph.Version(); got != "2.18.0" {
		t.Errorf("got TensorFlow %s, want 2.18.0", got)
	}
}

func TestOneDNN(t *testing.T) {
	on, known := tfgraph.OneDNN()
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" && !known {
		t.Error("the library does not expose whether it uses oneDNN: was the function renamed?")
	}
	switch os.Getenv("TF_ENABLE_ONEDNN_OPTS") {
	case "0":
		if known && on {
			t.Error("got on, want off: TF_ENABLE_ONEDNN_OPTS=0")
		}
	case "1":
		if known && !on {
			t.Error("got off, want on: TF_ENABLE_ONEDNN_OPTS=1")
		}
	}
}
