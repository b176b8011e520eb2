// Package faults makes a child process's system calls on files fail, as a full or failing disk does. Start with [Start] in
// a test and [Enter] in its TestMain.
//
// It uses seccomp's user notification (seccomp_unotify(2)), which needs no privileges: the child waits in the call while
// the test decides. Only tests import this package, and only on Linux.
package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Call is a system call that the child is in.
type Call struct {
	Name string
	Path string // of the file, or what the file is renamed from; "" where it is unknown
}

// numbers are the calls that are asked about: what can change files, and openat.
var numbers = map[int32]string{
	unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64", unix.SYS_WRITEV: "writev",
	unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHMODAT: "fchmodat", unix.SYS_CHMOD: "chmod", unix.SYS_FLOCK: "flock",
	unix.SYS_OPENAT: "openat", unix.SYS_MKDIRAT: "mkdirat", unix.SYS_UNLINKAT: "unlinkat", unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2",
	unix.SYS_OPEN: "open", unix.SYS_MKDIR: "mkdir", unix.SYS_UNLINK: "unlink", unix.SYS_RENAME: "rename",
}

// socketVar says in the child that it is to be watched. Its first extra file is
// then the socket that the test listens on.
const (
	socketVar = "ALEXNET_FAULTS"
	socketFD  = 3
)

// Enter puts a child of [Start] under watch and restarts its program. In any other process it does nothing.
func Enter() {
	if os.Getenv(socketVar) == "" {
		return
	}
	if err := enter(); err != nil {
		fmt.Fprintln(os.Stderr, "enter faults:", err)
		os.Exit(3)
	}
}

// enter installs the filter on this thread, which alone survives exec.
func enter() error {
	runtime.LockOSThread()
	if err := os.Unsetenv(socketVar); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	listener, err := install()
	if err != nil {
		return fmt.Errorf("install filter: %w", err)
	}
	if err := unix.Sendmsg(socketFD, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over listener: %w", err)
	}
	unix.CloseOnExec(socketFD)
	unix.CloseOnExec(listener)
	return unix.Exec(self, os.Args, os.Environ())
}

// install has this thread, and all that come of it, ask about the calls.
func install() (listener int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	filter := program()
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Without the second flag, a signal, such as those by which Go preempts, has
	// the call begun again and asked about twice.
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// program is the filter in BPF over struct seccomp_data: a number at byte 0, the architecture at byte 4.
func program() []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
	)
	filter := []unix.SockFilter{
		{Code: load, K: 4},
		{Code: equal, K: unix.AUDIT_ARCH_X86_64, Jt: 1},
		{Code: ret, K: unix.SECCOMP_RET_ALLOW},
		{Code: load, K: 0},
	}
	left := len(numbers)
	for number := range numbers {
		filter = append(filter, unix.SockFilter{Code: equal, K: uint32(number), Jt: uint8(left)})
		left--
	}
	return append(filter,
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_USER_NOTIF})
}

// Watch is a child under watch.
type Watch struct {
	listener int
	done     chan struct{}
	err      error
}

// Start starts the child, whose program has to call [Enter], and asks answer about each of its calls, one at a time: 0
// lets it happen, any other number fails it. ErrUnsupported is what the error wraps where the kernel has no such thing.
func Start(child *exec.Cmd, answer func(Call) syscall.Errno) (*Watch, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("start child under watch: %w", err)
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "socket")
	child.ExtraFiles = []*os.File{theirs}
	child.Env = append(child.Environ(), socketVar+"=1")
	err = child.Start()
	theirs.Close()
	if err != nil {
		return nil, fmt.Errorf("start child under watch: %w", err)
	}
	w := &Watch{done: make(chan struct{})}
	if w.listener, err = receive(pair[0]); err != nil {
		err = errors.Join(fmt.Errorf("start child under watch: %w: %w", errors.ErrUnsupported, err), child.Process.Kill())
		_ = child.Wait()
		return nil, err
	}
	go w.serve(answer)
	return w, nil
}

// receive takes a file descriptor out of a socket.
func receive(socket int) (int, error) {
	room := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), room, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(room[:n])
	if err != nil || len(messages) != 1 {
		return 0, fmt.Errorf("got %d messages from the child, want 1: %w", len(messages), errors.Join(err))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

// Wait returns when the child has ended and every call is answered. The child itself is its starter's to wait for.
func (w *Watch) Wait() error {
	<-w.done
	return w.err
}
