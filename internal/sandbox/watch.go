package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// What an image may cost beside what every one may: a decoder works on all
// pixels some ten times at most, in some 16 bytes each.
const (
	nsPerPixel    = 100
	bytesPerPixel = 16
	copiesOfFile  = 4
)

// slowdown is how many times as long as it computes an image may take on a
// machine that has other things to do.
const wallTimeFactor = 12

// watch ends a child that takes too much: of memory by the system's limit, of
// time by a look at the clocks, which a decoder that hangs does not hinder.
type watchdog struct {
	seconds float64
	memory  int64

	lock       sync.Mutex
	running    bool
	limit      time.Duration // of computing
	started    time.Time     // when the running image began
	cpuAtStart time.Duration // that this process had computed by then
}

const pollInterval = 100 * time.Millisecond

func newWatchdog(seconds float64, memory int64) *watchdog {
	w := &watchdog{seconds: seconds, memory: memory}
	noCore := unix.Rlimit{}
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &noCore) // a wish: no dump of memory for each crash
	parent := os.Getppid()
	go func() {
		for range time.Tick(pollInterval) {
			if os.Getppid() != parent {
				os.Exit(0) // nobody waits for the answer
			}
			if late := w.overLimit(); late != "" {
				fmt.Fprintln(os.Stderr, late)
				os.Exit(exitTimeout)
			}
		}
	}()
	return w
}

// exitLate is the exit code of a child that took too long.
const exitTimeout = 75

func timeLimit(seconds float64, pixels int64) time.Duration {
	return time.Duration(seconds*1e9) + time.Duration(pixels*nsPerPixel)
}

// begin sets the limits for one image.
func (w *watchdog) begin(pixels, size int64) error {
	cpu, err := cpuTime()
	if err != nil {
		return err
	}
	if err := limitMemory(w.memory + pixels*bytesPerPixel + size*copiesOfFile); err != nil {
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

// limitMemory lets this process take so many bytes more than it has. The limit
// is a soft one, which the next image's may exceed again.
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

// late says by how much the running image is over its time, or "".
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
	return fmt.Sprintf("late: got %.1f s of computing in %.1f s, want at most %.1f s", (cpu - w.cpuAtStart).Seconds(), time.Since(w.started).Seconds(), w.limit.Seconds())
}

// computed is the time that this process has spent on processors.
func cpuTime() (time.Duration, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("look at the clock: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// addressSpace is how many bytes of it this process has taken (proc(5), statm).
func addressSpace() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	pages, err := strconv.ParseInt(first, 10, 64)
	return pages * int64(os.Getpagesize()), err
}
