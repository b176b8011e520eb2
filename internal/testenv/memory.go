package testenv

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// Resident is the process's memory that is not on disk, in bytes, once Go has
// given back what it does not use (proc(5), /proc/pid/statm). Where there is no
// such file it skips the test.
func Resident(t testing.TB) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("no resident memory to read: %v", err)
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
