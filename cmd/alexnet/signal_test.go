package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"alexnet/train"
)

// program is the test binary running as alexnet, with its own cache; see TestMain.
func program(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "alexnet"
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	return cmd, stderr
}

func photos(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, class := range []string{"dark", "bright"} {
		for n := range 16 {
			path := filepath.Join(dir, class, class+"."+string(rune('a'+n))+".jpg")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), drawImage(path, uint8(40+120*i), uint64(n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

var tinyFlags = []string{"--size=67", "--widths=8,8,8,8,8,16,16", "--batch=4", "--keep=0"}

// TestSignals interrupts runs and resumes them.
func TestSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program several times; run without -short")
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // under nohup, programs would inherit that it is ignored
	defer signal.Stop(hangups)
	data := photos(t)
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		code   int // -1: killed by the signal
		stderr string
	}{
		{"Ctrl-C", syscall.SIGINT, 130, "--resume"},
		{"SIGTERM", syscall.SIGTERM, 143, "--resume"},
		{"the terminal is closed", syscall.SIGHUP, 129, "--resume"},
		{"SIGKILL", syscall.SIGKILL, -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			cmd, stderr := program(t, append([]string{"train", data, "--out", out, "--epochs", "100000"}, tinyFlags...)...)
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			lines := bufio.NewScanner(stdout)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "epoch 2/") {
			}
			signalled := time.Now()
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(2*maxStop, func() { _ = cmd.Process.Kill() })
			defer late.Stop()
			for lines.Scan() {
			}
			err = cmd.Wait()
			t.Logf("ended %v after the signal", time.Since(signalled).Round(time.Millisecond))
			if took := time.Since(signalled); took > maxStop {
				t.Errorf("got %v from the signal to the end, want at most %v", took, maxStop)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Fatalf("exit code: got %d (%v), want %d\n%s", got, err, c.code, stderr)
			}
			if !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("stderr: got %q, want %q", stderr, c.stderr)
			}
			resumeRun(t, out)
		})
	}
}

// TestSecondSignal stops a command twice that waits for its standard input and so does not end at the first signal.
func TestSecondSignal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program; run without -short")
	}
	cmd, _ := program(t, "predict", smallRun(t), "-")
	cmd.Stderr = nil
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	signal := func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	// More than a pipe holds, so the write ends only after the command has begun to read.
	if _, err := stdin.Write(bytes.Repeat([]byte("none.jpg\n"), 200_000)); err != nil {
		t.Fatal(err)
	}
	signal()
	var text strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&text, lines.Text())
		if strings.Contains(lines.Text(), "a second signal") {
			signal()
		}
	}
	_ = cmd.Wait() // the state is looked at
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("got %v, want it killed by the second signal\n%s", cmd.ProcessState, &text)
	}
}

// maxStop is the maximum time from a signal to the end of a run of the tiny network: one step and one checkpoint,
// on a busy machine.
const maxStop = 10 * time.Second

// resumeRun resumes the run until the end of its epoch and checks for that epoch's checkpoint.
func resumeRun(t *testing.T, out string) {
	t.Helper()
	all, err := train.Checkpoints(out).List()
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d checkpoints and %v, want at least 1", len(all), err)
	}
	next := all[len(all)-1].Epoch + 1
	cmd, stderr := program(t, "train", "--out", out, "--resume", "--epochs", strconv.Itoa(next))
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("resume: %v\n%s", err, stderr)
	}
	if !strings.Contains(string(text), "Next: alexnet predict") {
		t.Errorf("resume: got %q, want a finished run", text)
	}
	for _, epoch := range []int{2, next} {
		if _, err := os.Stat(filepath.Join(out, "checkpoints", fmt.Sprintf("model_epoch%d.ckpt.index", epoch))); err != nil {
			t.Errorf("checkpoint from before the signal, or after it: %v", err)
		}
	}
}
