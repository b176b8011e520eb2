package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the test binary in the role of alexnet; see TestMain.
func program(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "alexnet"
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
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), drawPicture(path, uint8(40+120*i), uint64(n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

var tiny = []string{"--size=67", "--widths=8,8,8,8,8,16,16", "--batch=4", "--keep=0"}

// TestSignals stops runs from outside and goes on with them.
func TestSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole program several times; run without -short")
	}
	data := photos(t)
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		code   int // -1: killed by the signal
		says   string
	}{
		{"Ctrl-C", syscall.SIGINT, 130, "--resume"},
		{"SIGTERM", syscall.SIGTERM, 143, "--resume"},
		{"SIGKILL", syscall.SIGKILL, -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			cmd, stderr := program(t, append([]string{"train", data, "--out", out, "--epochs", "100000"}, tiny...)...)
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
			time.Sleep(20 * time.Millisecond) // into an epoch
			signalled := time.Now()
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
			}
			err = cmd.Wait()
			t.Logf("ended %v after the signal", time.Since(signalled).Round(time.Millisecond))
			if took := time.Since(signalled); took > longestStop {
				t.Errorf("got %v from the signal to the end, want at most %v", took, longestStop)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Fatalf("exit code: got %d (%v), want %d\n%s", got, err, c.code, stderr)
			}
			if !strings.Contains(stderr.String(), c.says) {
				t.Errorf("stderr: got %q, want a word of %q", stderr, c.says)
			}
			goOn(t, out)
		})
	}
}

// TestSecondSignal ends a run in the middle of an update that takes long.
func TestSecondSignal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole program; run without -short")
	}
	out := filepath.Join(t.TempDir(), "run")
	cmd, stderr := program(t, "train", photos(t), "--out", out, "--widths=64,128,192,192,128,256,256", "--batch=32", "--epochs=1000")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "epoch 1/") {
	}
	for range 2 {
		time.Sleep(100 * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatalf("got %v: the run has ended before the second signal", err)
		}
	}
	second := time.Now()
	for lines.Scan() {
	}
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM || time.Since(second) > time.Second {
		t.Errorf("got %v after %v, want it ended by the second signal at once\n%s", cmd.ProcessState, time.Since(second), stderr)
	}
}

// longestStop is how long a narrow network may take from a signal to its end: the
// update that it is in, a checkpoint, and what a busy machine adds.
const longestStop = 10 * time.Second

// goOn resumes the run for what is left of its epoch and checks that a whole
// epoch's checkpoint comes of it.
func goOn(t *testing.T, out string) {
	t.Helper()
	cmd, stderr := program(t, "train", "--out", out, "--resume", "--epochs", "3")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("resume: %v\n%s", err, stderr)
	}
	if !strings.Contains(string(text), "use it: alexnet predict") {
		t.Errorf("resume: got %q, want a run that ends", text)
	}
	if _, err := os.Stat(filepath.Join(out, "checkpoints", "model_epoch2.ckpt.index")); err != nil {
		t.Errorf("checkpoint from before the signal: %v", err)
	}
}
