package main

import (
	"bytes"
	"context"
	"fmt"
	"syscall"
	"testing"
)

// Work that a signal ended says so instead of "context canceled".
func TestPrintInterrupted(t *testing.T) {
	err := fmt.Errorf("check images: %w", context.Canceled)
	for name, test := range map[string]struct {
		cause error
		want  string
	}{
		"Ctrl-C": {signalError{syscall.SIGINT}, "alexnet: error: check images: interrupted by SIGINT\n"},
		"other":  {nil, "alexnet: error: check images: context canceled\n"},
	} {
		var b bytes.Buffer
		if printError(&b, test.cause, err); b.String() != test.want {
			t.Errorf("%s: got %q, want %q", name, b.String(), test.want)
		}
	}
}
