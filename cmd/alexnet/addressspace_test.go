package main

import (
	"strings"
	"testing"

	"alexnet/internal/hint"
)

func TestCheckAddressSpace(t *testing.T) {
	for limit, ok := range map[int64]bool{0: true, 1 << 30: false, 2 << 30: false, 1 << 40: true} {
		err := checkAddressSpace(limit)
		if (err == nil) != ok || err != nil && (!strings.Contains(err.Error(), "address space limit") || !strings.Contains(hint.Of(err), "ulimit -v")) {
			t.Errorf("limit %d: got %v, want success %v", limit, err, ok)
		}
	}
}
