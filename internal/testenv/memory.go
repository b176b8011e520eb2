package testenv

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// Resident returns the process's anonymous resident memory in bytes, after Go has returned unused memory to the system
// (proc(5), /proc/pid/statm). On a system without that file it skips the test.
func Resident(t testing.TB) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("cannot read resident memory: %v", err)
	}
	fields := strings.Fields(string(text))
	all, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	fromFiles, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return (all - fromFiles) * int64(os.Getpagesize())
}
