package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"

	"alexnet/internal/testmodel"
)

// forbidden are what an image must not bring a decoder to do.
var forbidden = map[string]func() error{
	"read a file": func() error { _, err := os.Open("/etc/passwd"); return err },
	"write a file": func() error {
		f, err := os.CreateTemp("", "x")
		if err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
		return err
	},
	"remove a file":   func() error { return os.Remove(os.Args[0]) },
	"connect":         func() error { _, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0); return err },
	"start a program": func() error { return syscall.Exec("/bin/true", []string{"true"}, nil) },
	"fork a program":  func() error { return exec.Command("/bin/true").Run() },
	"send a signal":   func() error { return syscall.Kill(os.Getppid(), 0) },
	"signal a thread": func() error { return unix.Tgkill(os.Getppid(), os.Getppid(), 0) },
	"trace a process": func() error { return syscall.PtraceAttach(os.Getppid()) },
	"change a limit of the parent": func() error {
		return unix.Prlimit(os.Getppid(), unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	},
}

// A child can neither open files or connections, nor start programs, nor reach other processes.
func TestForbidden(t *testing.T) {
	if !seccomp.Supported() {
		t.Skip("the kernel has no seccomp")
	}
	s := openPool(t, nil)
	must(t, s.Try(t.Context(), writeImage(t, "forbidden.png", faultyImage(t, "forbidden"))))
	must(t, s.Try(t.Context(), writeImage(t, "good.jpg", testmodel.JPEG(3))))
}
