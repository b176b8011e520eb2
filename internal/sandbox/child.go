package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"alexnet/input"
)

// child is a running child process that serves one request at a time.
type child struct {
	process  *os.Process
	state    *os.ProcessState // nil while it runs
	to       *os.File         // its standard input
	pipe     *os.File         // what from reads
	from     *bufio.Reader
	output   *os.File // its standard output and error: a file, complete when a response arrives
	timeout  func(pixels int64) time.Duration
	timedOut atomic.Bool // killed because it did not respond in time
	killed   atomic.Bool // by this process
}

// startTimeout is how long a child may take to load TensorFlow.
const startTimeout = 2 * time.Minute

// start starts a child and waits until it is ready.
func start(ctx context.Context, j job) (*child, error) {
	c, err := launch()
	if err != nil {
		return nil, fmt.Errorf("start decoding process: %w", err)
	}
	// The child exits by itself before this; the parent kills one that cannot.
	c.timeout = func(pixels int64) time.Duration { return (wallTimeFactor + 1) * timeLimit(j.Seconds, pixels) }
	var ready response
	release := c.deadline(ctx, startTimeout)
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

// launch starts the program again in a child.
func launch() (c *child, err error) {
	if c := takeForked(); c != nil {
		return c, nil
	}
	output, err := newOutput()
	if err != nil {
		return nil, err
	}
	in, to, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	defer in.Close()
	from, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, output.Close(), to.Close())
	}
	defer out.Close()
	process, err := os.StartProcess(self(), os.Args[:1], &os.ProcAttr{
		Env:   append(os.Environ(), childEnv+"=1", "TF_CPP_MIN_LOG_LEVEL=3", "GOTRACEBACK=single"),
		Files: []*os.File{in, output, output, out}, // the last is responseFD
		// Ctrl-C is for the parent, which finishes its current step first.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, errors.Join(err, output.Close(), to.Close(), from.Close())
	}
	return newChild(process, to, from, output), nil
}

func newChild(process *os.Process, to, from, output *os.File) *child {
	return &child{process: process, to: to, pipe: from, from: bufio.NewReaderSize(from, 1<<16), output: output}
}

// self is the path of this executable, one that stays valid when the file is replaced.
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

// cancelDelay is how long a child may decode an image that nobody waits for any more: most images take less, and a
// child that was killed has to be started again.
const cancelDelay = time.Second

// deadline kills the child when d has passed, or cancelDelay after the end of ctx, unless release is called first.
func (c *child) deadline(ctx context.Context, d time.Duration) (release func()) {
	timer := time.AfterFunc(d, func() {
		c.timedOut.Store(true)
		c.kill()
	})
	var released atomic.Bool
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(cancelDelay, func() {
			if !released.Load() {
				c.kill()
			}
		})
	})
	return func() {
		released.Store(true)
		timer.Stop()
		stop()
	}
}

func (c *child) kill() {
	c.killed.Store(true)
	_ = c.process.Kill() // fails if it has exited already
}

// ask sends the child an image to decode. After an error the child is unusable: see end.
func (c *child) ask(ctx context.Context, q request, encoded []byte, into []float32) (a response, err error) {
	defer c.deadline(ctx, c.timeout(q.pixels()))()
	if err := send(c.to, q, encoded); err != nil {
		return a, err
	}
	if err := receive(c.from, &a); err != nil {
		return a, err
	}
	if output := c.takeOutput(); a.Reason == "" {
		a.Warning = warnings(output)
	}
	switch {
	case a.Reason != "" || !q.WantFloats:
		return a, nil
	case a.Floats != len(into):
		return a, fmt.Errorf("decode image: got %d floats, want %d", a.Floats, len(into))
	}
	_, err = io.ReadFull(c.from, asBytes(into))
	return a, err
}

// close ends an idle child.
func (c *child) close() {
	c.to.Close()
	c.wait(time.Second)
	c.output.Close()
}

// wait waits for the child to exit and kills it after d.
func (c *child) wait(d time.Duration) {
	timer := time.AfterFunc(d, c.kill)
	defer timer.Stop()
	c.state, _ = c.process.Wait()
	c.pipe.Close()
}

// end ends a child that failed to respond and reports why.
func (c *child) end() *crash {
	c.to.Close()
	c.wait(200 * time.Millisecond) // it may be exiting already
	defer c.output.Close()
	if c.timedOut.Load() {
		return &crash{reason: "takes too long to decode: the decoder timed out", timedOut: true}
	}
	why := diagnose(c.state, c.takeOutput())
	why.killedByOther = why.killedByOther && !c.killed.Load()
	return why
}

// crash says why a child exited.
type crash struct {
	reason        string
	timedOut      bool
	killedByOther bool // killed from outside, as the system does when memory is short: the image may be intact
}

func (c *crash) Error() string { return c.reason }

// refusal is the reason for which the image is refused.
func (c *crash) refusal() error { return refusal{c.reason, input.ErrDamaged} }

func (c *crash) hint() string {
	if c.killedByOther {
		return "close other programs, or give this one more memory"
	}
	return "remove it, or save it again with an image editor"
}

// diagnose finds the reason from a process's exit status and output.
func diagnose(state *os.ProcessState, said string) *crash {
	signal := syscall.Signal(0)
	if state == nil {
		return &crash{reason: "crashes the decoder"}
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal = status.Signal()
	}
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "timeout: "):
			return &crash{reason: "takes too long to decode: " + strings.TrimPrefix(line, "timeout: "), timedOut: true}
		case strings.Contains(line, "out of memory"), strings.Contains(line, "cannot allocate memory"), strings.Contains(line, "bad_alloc"):
			return &crash{reason: "takes too much memory to decode"}
		case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "), strings.HasPrefix(line, "SIG"):
			return &crash{reason: "crashes the decoder: " + line}
		}
	}
	if signal == syscall.SIGKILL {
		return &crash{reason: "the decoder was killed by the system, even while no other was running (out of memory?)", killedByOther: true}
	}
	if signal != 0 { // it died before it could print a reason
		return &crash{reason: "crashes the decoder: " + unix.SignalName(signal)}
	}
	return &crash{reason: fmt.Sprintf("crashes the decoder: %v", state)}
}

// maxOutput is how much of a child's output is read.
const maxOutput = 8 << 10

// takeOutput returns the start of what the child has printed since the last call.
func (c *child) takeOutput() string {
	text := make([]byte, maxOutput)
	n, _ := c.output.ReadAt(text, 0)
	if n > 0 {
		_ = c.output.Truncate(0) // else the next image gets these lines too
	}
	return string(text[:n])
}

// logLine matches TensorFlow's log, which is not about the image.
var logLine = regexp.MustCompile(`^(WARNING: All log messages|[IWEF]\d{4} |\d{4}-\d{2}-\d{2} )`)

// warnings are the first different lines that a decoder printed about an image that it decoded.
func warnings(output string) string {
	const most = 3
	var lines []string
	for line := range strings.Lines(output) {
		line, whole := strings.CutSuffix(strings.ToValidUTF8(line, ""), "\n")
		if whole && line != "" && len(line) <= 200 && !logLine.MatchString(line) && !slices.Contains(lines, line) && len(lines) < most {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
