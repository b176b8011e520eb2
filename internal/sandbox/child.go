package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a running child process, asked one question at a time.
type child struct {
	cmd     *exec.Cmd
	to      io.WriteCloser
	from    *bufio.Reader
	pipe    *os.File // under from
	said    *head    // on its standard output and error
	timeout func(pixels int64) time.Duration
	late    atomic.Bool // killed because it did not answer in time
	killed  atomic.Bool // by this process
}

// startTime is how long a child may take to load TensorFlow.
const startTime = 2 * time.Minute

// start starts a child and waits until it is ready.
func start(ctx context.Context, j job) (*child, error) {
	c, err := launch()
	if err != nil {
		return nil, fmt.Errorf("start decoding process: %w", err)
	}
	// The child ends itself first; this is for one that cannot.
	c.timeout = func(pixels int64) time.Duration { return (slowdown + 1) * allowed(j.Seconds, pixels) }
	var ready answer
	release := c.deadline(ctx, startTime)
	if err = send(c.to, j, nil); err == nil {
		err = receive(c.from, &ready)
	}
	release()
	if err != nil {
		why := c.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("start decoding process: %w", why)
	}
	return c, nil
}

func launch() (*child, error) {
	c := &child{said: new(head)}
	c.cmd = exec.Command(self())
	c.cmd.Args[0] = os.Args[0]
	// Two threads, so that the watch runs beside a decoder that does not end.
	c.cmd.Env = append(os.Environ(), childMark+"=1", "GOMAXPROCS=2", "TF_CPP_MIN_LOG_LEVEL=3", "GOTRACEBACK=single")
	c.cmd.Stdout, c.cmd.Stderr = c.said, c.said
	// Ctrl-C is for the parent, which finishes what it is at.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	from, give, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer give.Close()
	c.cmd.ExtraFiles = []*os.File{give} // file 3, answers
	c.pipe, c.from = from, bufio.NewReaderSize(from, 1<<16)
	if c.to, err = c.cmd.StdinPipe(); err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		from.Close()
		return nil, err
	}
	return c, nil
}

// self is this program's file, by a name that holds when it is replaced.
func self() string {
	const own = "/proc/self/exe"
	if _, err := os.Stat(own); err == nil {
		return own
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// deadline kills the child when ctx ends or the time is over, unless released
// before.
func (c *child) deadline(ctx context.Context, d time.Duration) (release func()) {
	timer := time.AfterFunc(d, func() {
		c.late.Store(true)
		c.kill()
	})
	stop := context.AfterFunc(ctx, c.kill)
	return func() {
		timer.Stop()
		stop()
	}
}

func (c *child) kill() {
	c.killed.Store(true)
	_ = c.cmd.Process.Kill() // or it has ended already
}

// ask has the child decode a picture. A child that fails to answer is of no
// more use: see end.
func (c *child) ask(ctx context.Context, q question, encoded []byte, into []float32) (a answer, err error) {
	defer c.deadline(ctx, c.timeout(q.Pixels))()
	if err := send(c.to, q, encoded); err != nil {
		return a, err
	}
	if err := receive(c.from, &a); err != nil {
		return a, err
	}
	switch {
	case a.Refused != "" || !q.Give:
		return a, nil
	case a.Floats != len(into):
		return a, fmt.Errorf("decode picture: got %d floats, want %d", a.Floats, len(into))
	}
	_, err = io.ReadFull(c.from, bytesOf(into))
	return a, err
}

// close ends a child that has nothing to do.
func (c *child) close() {
	c.to.Close()
	c.wait(time.Second)
}

// wait waits for the child, which is killed if it takes longer.
func (c *child) wait(d time.Duration) {
	timer := time.AfterFunc(d, c.kill)
	defer timer.Stop()
	_ = c.cmd.Wait() // how it ended is in ProcessState
	c.pipe.Close()
}

// end ends a child that has failed to answer and tells why it did.
func (c *child) end() *crash {
	c.to.Close()
	c.wait(200 * time.Millisecond) // it may be dying
	if c.late.Load() {
		return &crash{reason: "takes too long to decode: its decoder gives no answer", late: true}
	}
	why := diagnose(c.cmd.ProcessState, c.said.String())
	why.foreign = why.foreign && !c.killed.Load()
	return why
}

// crash is how a child ended.
type crash struct {
	reason  string
	late    bool
	foreign bool // killed by another, as the system does where memory is short: the picture may be good
}

func (c *crash) Error() string { return c.reason }

func (c *crash) hint() string {
	if c.foreign {
		return "end other programs, or give this one more memory"
	}
	return "remove it, or save it anew with a picture editor"
}

// diagnose finds the words for how a process ended.
func diagnose(state *os.ProcessState, said string) *crash {
	signal := syscall.Signal(0)
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal = status.Signal()
	}
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "late: "):
			return &crash{reason: "takes too long to decode: " + strings.TrimPrefix(line, "late: "), late: true}
		case strings.Contains(line, "out of memory"), strings.Contains(line, "cannot allocate memory"), strings.Contains(line, "bad_alloc"):
			return &crash{reason: "takes too much memory to decode"}
		case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "), strings.HasPrefix(line, "SIG"):
			return &crash{reason: "makes its decoder crash: " + line}
		}
	}
	if signal == syscall.SIGKILL {
		return &crash{reason: "has its decoder killed, also while no other runs: the machine may be short of memory", foreign: true}
	}
	if signal != 0 { // it died before it could say so
		return &crash{reason: "makes its decoder crash: " + unix.SignalName(signal)}
	}
	return &crash{reason: fmt.Sprintf("makes its decoder crash: %v", state)}
}

// head keeps the first of what is written to it.
type head struct {
	lock sync.Mutex
	kept bytes.Buffer
}

const mostSaid = 8 << 10

func (h *head) Write(p []byte) (int, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.kept.Write(p[:min(len(p), mostSaid-h.kept.Len())])
	return len(p), nil
}

func (h *head) String() string {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.kept.String()
}
