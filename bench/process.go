package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// process is a worker that takes a number of updates as a line and answers with
// the seconds they took.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startOurs(o options) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(self, "-worker", "train", "-batch", strconv.Itoa(o.Batch), "-decode="+strconv.FormatBool(o.Decode), o.data)
}

func startPython(o options) (*process, error) {
	return start(python(), "bench/train.py", o.data, strconv.Itoa(o.Batch), strconv.FormatBool(o.Decode))
}

// start gives both programs the same environment: oneDNN on, no chatter.
func start(name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...)}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = append(os.Environ(), "TF_ENABLE_ONEDNN_OPTS=1", "TF_CPP_MIN_LOG_LEVEL=3")
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	return p, p.cmd.Start()
}

// take has the worker do so many updates and returns the seconds.
func (p *process) take(steps int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, steps); err != nil {
		return 0, fmt.Errorf("ask %s: %w", p.cmd.Path, err)
	}
	if !p.out.Scan() {
		return 0, fmt.Errorf("ask %s: it ended: %v", p.cmd.Path, p.cmd.Wait())
	}
	return strconv.ParseFloat(strings.TrimSpace(p.out.Text()), 64)
}

// stop ends the worker, which has nothing to save.
func (p *process) stop() {
	p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
