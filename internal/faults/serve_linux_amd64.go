package faults

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification and response are struct seccomp_notif and seccomp_notif_resp of linux/seccomp.h.
type notification struct {
	id         uint64
	pid, flags uint32
	number     int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

const flagContinue = 1 // SECCOMP_USER_NOTIF_FLAG_CONTINUE

func (w *Watch) serve(answer func(Call) syscall.Errno) {
	defer close(w.done)
	defer unix.Close(w.listener)
	for {
		var n notification
		more, err := w.next(&n)
		if err != nil || !more {
			w.err = err
			return
		}
		r := response{id: n.id, flags: flagContinue}
		if errno := answer(callOf(n)); errno != 0 {
			r.errno, r.flags = -int32(errno), 0
		}
		// ENOENT: the child was killed meanwhile.
		if err := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)); err != nil && !errors.Is(err, unix.ENOENT) {
			w.err = fmt.Errorf("answer a call: %w", err)
			return
		}
	}
}

// next waits for a call; there are no more when the child has ended.
func (w *Watch) next(n *notification) (more bool, err error) {
	for {
		events := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
		_, err := unix.Poll(events, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return false, fmt.Errorf("wait for a call: %w", err)
		case events[0].Revents&unix.POLLIN == 0:
			return false, nil
		}
		err = w.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINTR) {
			continue
		}
		return err == nil, err
	}
}

func (w *Watch) ioctl(request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// callOf reads from the child, which waits, what the call is about.
func callOf(n notification) Call {
	c := Call{Name: numbers[n.number]}
	switch c.Name {
	case "open", "mkdir", "unlink", "rename", "chmod":
		c.Path = n.path(n.args[0], unix.AT_FDCWD)
	case "openat", "fchmodat", "mkdirat", "unlinkat", "renameat", "renameat2":
		c.Path = n.path(n.args[1], int(int32(n.args[0])))
	default:
		c.Path = n.file(int(int32(n.args[0])))
	}
	return c
}

// file is the path of an open file.
func (n notification) file(fd int) string {
	name := fmt.Sprintf("/proc/%d/fd/%d", n.pid, fd)
	if fd == unix.AT_FDCWD {
		name = fmt.Sprintf("/proc/%d/cwd", n.pid)
	}
	path, _ := os.Readlink(name)
	return path
}

// path is the one at an address of the child's memory, made absolute.
func (n notification) path(at uint64, folder int) string {
	var text []byte
	for len(text) < unix.PathMax {
		page := make([]byte, os.Getpagesize()-int(at%uint64(os.Getpagesize())))
		got, err := unix.ProcessVMReadv(int(n.pid), []unix.Iovec{{Base: &page[0], Len: uint64(len(page))}},
			[]unix.RemoteIovec{{Base: uintptr(at), Len: len(page)}}, 0)
		if err != nil {
			return ""
		}
		head, _, ended := bytes.Cut(page[:got], []byte{0})
		if text = append(text, head...); ended {
			break
		}
		at += uint64(got)
	}
	if path := string(text); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(n.file(folder), string(text))
}
