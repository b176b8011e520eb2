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

// What a picture may cost beside what every one may: a decoder works on all
// pixels some ten times at most, in some 16 bytes each.
const (
	nsPerPixel    = 100
	bytesPerPixel = 16
	copiesOfFile  = 4
)

// slowdown is how many times as long as it computes a picture may take on a
// machine that has other things to do.
const slowdown = 12

// watch ends a child that takes too much: of memory by the system's limit, of
// time by a look at the clocks, which a decoder that hangs does not hinder.
type watch struct {
	seconds float64
	memory  int64

	lock  sync.Mutex
	busy  bool
	limit time.Duration // of computing
	wall  time.Time     // when the running picture began
	cpu   time.Duration // that this process had computed by then
}

const look = 100 * time.Millisecond

func newWatch(seconds float64, memory int64) *watch {
	w := &watch{seconds: seconds, memory: memory}
	noCore := unix.Rlimit{}
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &noCore) // a wish: no dump of memory for each crash
	parent := os.Getppid()
	go func() {
		for range time.Tick(look) {
			if os.Getppid() != parent {
				os.Exit(0) // nobody waits for the answer
			}
			if late := w.late(); late != "" {
				fmt.Fprintln(os.Stderr, late)
				os.Exit(exitLate)
			}
		}
	}()
	return w
}

// exitLate is the exit code of a child that took too long.
const exitLate = 75

func allowed(seconds float64, pixels int64) time.Duration {
	return time.Duration(seconds*1e9) + time.Duration(pixels*nsPerPixel)
}

// begin sets the limits for one picture.
func (w *watch) begin(pixels, size int64) error {
	cpu, err := computed()
	if err != nil {
		return err
	}
	if err := limitMemory(w.memory + pixels*bytesPerPixel + size*copiesOfFile); err != nil {
		return err
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.busy, w.limit, w.wall, w.cpu = true, allowed(w.seconds, pixels), time.Now(), cpu
	return nil
}

func (w *watch) end() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.busy = false
}

// limitMemory lets this process take so many bytes more than it has. The limit
// is a soft one, which the next picture's may exceed again.
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

// late says by how much the running picture is over its time, or "".
func (w *watch) late() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	if !w.busy {
		return ""
	}
	cpu, err := computed()
	if err == nil && cpu-w.cpu <= w.limit && time.Since(w.wall) <= slowdown*w.limit {
		return ""
	}
	return fmt.Sprintf("late: got %.1f s of computing in %.1f s, want at most %.1f s", (cpu - w.cpu).Seconds(), time.Since(w.wall).Seconds(), w.limit.Seconds())
}

// computed is the time that this process has spent on processors.
func computed() (time.Duration, error) {
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
