package sandbox

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Allowances on top of the fixed limits: a decoder passes over all pixels at most
// some ten times and takes about 16 bytes for each.
const (
	nsPerPixel    = 100
	bytesPerPixel = 16
	bytesPerByte  = 4
)

// wallTimeFactor is how many times its CPU time limit an image may take in wall
// time, on a machine that is busy with other work.
const wallTimeFactor = 12

// watchdog limits what a child takes: memory by the system's limit, time by polling
// the clocks in a goroutine, which a decoder that hangs cannot block.
type watchdog struct {
	seconds float64
	memory  int64

	lock       sync.Mutex
	running    bool
	limit      time.Duration // of CPU time
	started    time.Time     // when decoding of the current image began
	cpuAtStart time.Duration // of this process at that time
}

const pollInterval = 100 * time.Millisecond

func newWatchdog(seconds float64, memory int64) (*watchdog, error) {
	if _, err := addressSpace(); err != nil {
		return nil, err
	}
	w := &watchdog{seconds: seconds, memory: memory}
	noCore, output := unix.Rlimit{}, unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &noCore)  // best effort: no core dump for each crash
	_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &output) // best effort: a child writes nothing but its output
	parent := os.Getppid()
	go func() {
		for range time.Tick(pollInterval) {
			if os.Getppid() != parent {
				os.Exit(0) // the parent is gone
			}
			if text := w.overLimit(); text != "" {
				fmt.Fprintln(os.Stderr, text)
				os.Exit(exitTimeout)
			}
		}
	}()
	return w, nil
}

// exitTimeout is the exit code of a child that exceeded its time limit.
const exitTimeout = 75

func timeLimit(seconds float64, pixels int64) time.Duration {
	return time.Duration(seconds*1e9) + time.Duration(pixels*nsPerPixel)
}

// begin starts the limits for one image.
func (w *watchdog) begin(pixels, size int64) error {
	cpu, err := cpuTime()
	if err != nil {
		return err
	}
	if err := limitMemory(w.memory + pixels*bytesPerPixel + size*bytesPerByte); err != nil {
		return err
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.running, w.limit, w.started, w.cpuAtStart = true, timeLimit(w.seconds, pixels), time.Now(), cpu
	return nil
}

func (w *watchdog) end() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.running = false
}

// limitMemory allows this process the given number of bytes beyond what it has
// taken. The limit is a soft one, so the next image's may be higher again.
func limitMemory(more int64) error {
	taken, err := addressSpace()
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	limit.Cur = min(uint64(taken+more), limit.Max)
	if err := unix.Setrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	return nil
}

// overLimit says by how much the current image exceeds its time limit, or "".
func (w *watchdog) overLimit() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	if !w.running {
		return ""
	}
	cpu, err := cpuTime()
	if err == nil && cpu-w.cpuAtStart <= w.limit && time.Since(w.started) <= wallTimeFactor*w.limit {
		return ""
	}
	return fmt.Sprintf("timeout: got %.1f s of CPU time in %.1f s, want at most %.1f s", (cpu - w.cpuAtStart).Seconds(), time.Since(w.started).Seconds(), w.limit.Seconds())
}

// cpuTime is the CPU time of this process.
func cpuTime() (time.Duration, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// statm is open from the start, since restrict forbids opening files.
var statm = sync.OnceValues(func() (*os.File, error) { return os.Open("/proc/self/statm") })

// addressSpace is the size in bytes of this process's address space (proc(5), statm).
func addressSpace() (int64, error) {
	f, err := statm()
	if err != nil {
		return 0, err
	}
	text := make([]byte, 128)
	n, err := f.ReadAt(text, 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text[:n]), " ")
	pages, err := strconv.ParseInt(first, 10, 64)
	return pages * int64(os.Getpagesize()), err
}
