package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr bytes.Buffer
	began  time.Time
}

// start starts a program. All get the same environment: oneDNN on, logging off. Canceling ctx kills it.
func start(ctx context.Context, command []string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	p.cmd.Env = append(os.Environ(), "TF_ENABLE_ONEDNN_OPTS=1", "TF_CPP_MIN_LOG_LEVEL=3", "PYTHONDONTWRITEBYTECODE=1")
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = 5 * time.Second
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	p.out = bufio.NewScanner(out)
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	return p, nil
}

// take has a worker do count units of its work and returns the seconds.
func (p *process) take(count int) (float64, error) {
	_, err := fmt.Fprintln(p.in, count)
	if err == nil && p.out.Scan() {
		var seconds float64
		if seconds, err = strconv.ParseFloat(strings.TrimSpace(p.out.Text()), 64); err == nil {
			return seconds, nil
		}
	}
	return 0, errors.Join(err, p.wait(), fmt.Errorf("ask %s: got no seconds", strings.Join(p.cmd.Args, " ")))
}

// wait waits for a program to end; its error holds the program's standard error.
func (p *process) wait() error {
	p.in.Close()
	err := p.cmd.Wait()
	if err == nil {
		return nil
	}
	return fmt.Errorf("run %s: %w\n%s", strings.Join(p.cmd.Args, " "), err, bytes.TrimSpace(p.stderr.Bytes()))
}

// stop kills a worker.
func (p *process) stop() {
	p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// peak is the peak resident memory of a program that has ended, in MiB. Linux includes the memory that the benchmark
// itself held when it started the program.
func (p *process) peak() float64 {
	usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(usage.Maxrss) / 1024
}

// resident is the peak resident memory of a running program so far, in MiB: VmHWM in proc(5). It is 0 where that cannot
// be read.
func (p *process) resident() float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if found, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(found), " kB"), 64)
			return kB / 1024
		}
	}
	return 0
}
