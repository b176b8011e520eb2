package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
)

// allowed are the system calls of a child that decodes: pipes, memory, threads, signals of its own, clocks and limits. The
// Go runtime, the C library and TensorFlow make them; names that a processor lacks are skipped.
var allowed = []string{
	"read", "readv", "pread64", "write", "writev", "close", "fstat", "newfstatat", "lseek", "fcntl", "ppoll", "poll",
	"mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mincore", "get_mempolicy", "membarrier",
	"clone", "clone3", "set_robust_list", "rseq", "set_tid_address", "gettid", "getpid", "getppid", "exit", "exit_group",
	"futex", "sched_yield", "sched_getaffinity", "sched_setaffinity", "getcpu",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "restart_syscall",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
	"timer_create", "timer_settime", "timer_delete", "setitimer",
	"getrusage", "getrlimit", "setrlimit", "prctl", "arch_prctl", "uname", "sysinfo", "getrandom",
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "pipe2",
}

// restrict forbids this process all other system calls, for all its threads: they fail with EPERM. Where the kernel or the
// processor has no seccomp, nothing is restricted.
func restrict() error {
	runtime.LockOSThread() // no_new_privs, which a filter requires, belongs to a thread
	defer runtime.UnlockOSThread()
	table, err := arch.GetInfo("")
	if err != nil || !seccomp.Supported() {
		return nil
	}
	known := seccomp.SyscallGroup{Action: seccomp.ActionAllow}
	for _, name := range allowed {
		if _, ok := table.SyscallNames[name]; ok {
			known.Names = append(known.Names, name)
		}
	}
	// Signals, by which a crash ends the process, and limits are for itself alone; for limits, 0 is the process itself.
	for name, process := range map[string]int{"tgkill": os.Getpid(), "prlimit64": 0} {
		known.NamesWithCondtions = append(known.NamesWithCondtions, seccomp.NameWithConditions{Name: name,
			Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: uint64(process)}}})
	}
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{known}}})
	if err == nil || errors.As(err, new(syscall.Errno)) {
		return nil // the kernel may lack it
	}
	return fmt.Errorf("restrict system calls: %w", err)
}
