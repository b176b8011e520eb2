package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"alexnet/internal/display"
	"alexnet/internal/hint"
)

// addressSpace is what TensorFlow's library and the threads of both runtimes reserve, as measured with 2 cores: with
// less, they abort without a message.
func addressSpace(cores int) int64 { return 2816<<20 + int64(cores)*(128<<20) }

// addressSpaceLimit is the process's limit in bytes, as ulimit -v sets it; 0 if there is none.
func addressSpaceLimit() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil || limit.Cur >= 1<<62 {
		return 0
	}
	return int64(limit.Cur)
}

// checkAddressSpace refuses to start within a limit that is too small for TensorFlow; 0 is no limit.
func checkAddressSpace(limit int64) error {
	need := addressSpace(runtime.NumCPU())
	if limit == 0 || limit >= need {
		return nil
	}
	return hint.With(fmt.Errorf("start TensorFlow: got an address space limit of %s, want at least %s", display.Bytes(limit), display.Bytes(need)),
		fmt.Sprintf("set ulimit -v unlimited, or at least %d; to limit memory, use a cgroup: systemd-run --scope -p MemoryMax=2G", need>>10))
}
