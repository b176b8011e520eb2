package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"alexnet/internal/faults"
)

const childVar = "ALEXNET_TEST_FAULTS_CHILD"

func TestMain(m *testing.M) {
	faults.Enter()
	if dir := os.Getenv(childVar); dir != "" {
		fmt.Print(writer(dir))
		return
	}
	goleak.VerifyTestMain(m)
}

// writer makes a file in a few calls and says at which it failed.
func writer(dir string) error {
	path := filepath.Join(dir, "a")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := f.WriteString("text"); err != nil {
			return err
		}
	}
	return errors.Join(f.Sync(), f.Close(), os.Rename(path, path+"b"), os.Remove(path+"b"))
}

// Each call can be failed, and only that.
func TestEachCallFails(t *testing.T) {
	want := []string{"openat a", "write a", "write a", "write a", "fsync a", "renameat a", "unlinkat ab"}
	for n := range len(want) + 1 {
		dir := t.TempDir()
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVar+"="+dir)
		var out strings.Builder
		child.Stdout = &out
		var calls []string
		w, err := faults.Start(child, func(c faults.Call) syscall.Errno {
			if filepath.Dir(c.Path) != dir {
				return 0
			}
			if calls = append(calls, c.Name+" "+filepath.Base(c.Path)); len(calls) == n {
				return syscall.ENOSPC
			}
			return 0
		})
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skipf("NOT TESTED: system calls cannot be answered here: %v", err)
		}
		if err := errors.Join(err, child.Wait(), w.Wait()); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if !slices.Equal(calls, want) || out.String() != "<nil>" {
				t.Fatalf("got calls %q and %q, want %q and no error", calls, out.String(), want)
			}
			continue
		}
		if !strings.Contains(out.String(), "no space left on device") || !slices.Equal(calls[:n], want[:n]) {
			t.Errorf("call %d: got calls %q and %q, want %q to fail", n, calls, out.String(), want[n-1])
		}
	}
}
