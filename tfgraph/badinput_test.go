package tfgraph_test

import (
	"fmt"
	"testing"

	"alexnet/tfgraph"
)

// Only errors whose cause is the data itself count.
func TestBadInput(t *testing.T) {
	for code, want := range map[int]string{
		3 /* INVALID_ARGUMENT */ : "first line", 15 /* DATA_LOSS */ : "first line",
		tfgraph.ResourceExhausted: "", 4 /* DEADLINE_EXCEEDED */ : "", 5 /* NOT_FOUND */ : "",
	} {
		err := fmt.Errorf("decode: %w", &tfgraph.Error{Op: "run session", Code: code, Message: "first line\nsecond"})
		if got := tfgraph.BadInput(err); got != want {
			t.Errorf("code %d: got %q, want %q", code, got, want)
		}
	}
}
