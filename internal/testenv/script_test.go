package testenv_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"alexnet/internal/testenv"
)

// startServer starts the reference server of a virtual environment of its own, which shares the packages of .venv, and
// returns the interpreter.
func startServer(t *testing.T) string {
	t.Helper()
	root, installed, venv := testenv.Root(t), testenv.Python(t), t.TempDir()
	target, err := filepath.EvalSymlinks(installed)
	if err != nil {
		t.Fatal(err)
	}
	prefix := filepath.Dir(filepath.Dir(installed))
	python := filepath.Join(venv, "bin", "python")
	for link, target := range map[string]string{
		python:                            target,
		filepath.Join(venv, "lib"):        filepath.Join(prefix, "lib"),
		filepath.Join(venv, "pyvenv.cfg"): filepath.Join(prefix, "pyvenv.cfg"),
	} {
		if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	server := exec.CommandContext(t.Context(), python, "-B", filepath.Join(root, "scripts/reference/server.py"))
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		server.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("start server: got %q, %v, want ready", line, err)
	}
	return python
}

// A script in a fork of the server gets its arguments, folder and environment; its output and status come back.
func TestReferenceServer(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds")
	}
	python := startServer(t)
	dir := t.TempDir()
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		write(t, path, text, 0o600)
		return path
	}
	t.Setenv("ALEXNET_TEST_WORD", "word")
	t.Chdir(dir)
	seen := script("seen.py", "import os, sys\nprint(sys.argv[1:], os.getcwd(), os.environ['ALEXNET_TEST_WORD'], 'tensorflow' in sys.modules)")
	want := "['a b'] " + dir + " word "
	if got := string(testenv.RunPythonOf(t, python, seen, "a b")); got != want+"True\n" {
		t.Errorf("got %q, want %q", got, want+"True\n")
	}
	computes := script("computes.py", "import tensorflow as tf\nprint(float(tf.reduce_sum(tf.ones([400, 400]) @ tf.ones([400, 400]))))")
	for range 2 {
		if got, want := string(testenv.RunPythonOf(t, python, computes)), "64000000.0\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	failing := script("failing.py", "import sys\nsys.stderr.write('the reason')\nsys.exit(3)")
	run(func(t testing.TB) { testenv.RunPythonOf(t, python, failing) }).check(t, "fatal", "failing.py", "exit status 3", "the reason")
	raising := script("raising.py", "raise ValueError('the reason')")
	run(func(t testing.TB) { testenv.RunPythonOf(t, python, raising) }).check(t, "fatal", "exit status 1", "ValueError: the reason")
	killed := script("killed.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
	run(func(t testing.TB) { testenv.RunPythonOf(t, python, killed) }).check(t, "fatal", "without an exit status")
	endless := script("endless.py", "import time\ntime.sleep(60)")
	hurried := &outcome{deadline: time.Now().Add(4300 * time.Millisecond)}
	hurried.run(func(t testing.TB) { testenv.RunPythonOf(t, python, endless) }).check(t, "fatal", "deadline exceeded")

	// TensorFlow reads this while it is imported, so a fork would be wrong.
	t.Setenv("TF_ENABLE_ONEDNN_OPTS", "0")
	if got := string(testenv.RunPythonOf(t, python, seen, "a b")); got != want+"False\n" {
		t.Errorf("with another environment: got %q, want %q", got, want+"False\n")
	}
}
