package input

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	l, m := loader(t, 20)
	os.Remove(l.Examples[15].Path)
	l.Decode = func(_ context.Context, _ []byte, ex Example, _ uint64, _ []float32) error {
		if ex.Path == l.Examples[3].Path {
			return fmt.Errorf("bad Huffman code")
		}
		return nil
	}
	excluded, err := l.Verify(t.Context())
	if err != nil || len(excluded) != 2 || m.now.Load() != 0 {
		t.Fatalf("got %v, %v, %d buffers left", excluded, err, m.now.Load())
	}
	for i, want := range []struct {
		at     int
		reason string
	}{{3, "bad Huffman code"}, {15, "no such file"}} {
		if excluded[i].Path != l.Examples[want.at].Path || !strings.Contains(excluded[i].Reason, want.reason) {
			t.Errorf("got %v, want %s", excluded[i], want.reason)
		}
	}
	kept := Without(l.Examples, excluded)
	if len(kept) != 18 || kept[3] != l.Examples[4] || kept[17] != l.Examples[19] {
		t.Errorf("got %d examples kept", len(kept))
	}
}

func TestVerifyStops(t *testing.T) {
	l, m := loader(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	l.Decode = func(context.Context, []byte, Example, uint64, []float32) error { cancel(); return nil }
	if _, err := l.Verify(ctx); !errors.Is(err, context.Canceled) || m.now.Load() != 0 {
		t.Errorf("got %v, %d buffers left", err, m.now.Load())
	}
	full := errors.New("out of memory")
	l.Alloc = func(int) (*rowsOf, error) { return nil, full }
	if _, err := l.Verify(t.Context()); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}
