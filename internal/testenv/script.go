package testenv

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// grace is the part of the test binary's time limit that is kept to report a script that was stopped.
const grace = 4 * time.Second

// RunPython runs a script with [Python] and returns its standard output, see [RunPythonOf].
func RunPython(t testing.TB, script string, args ...string) []byte {
	t.Helper()
	return RunPythonOf(t, Python(t), script, args...)
}

// RunPythonOf runs a script with the interpreter and returns its standard output. A script that is not absolute is taken
// from [Root]. It is stopped when the test ends, or shortly before the test binary's own time limit. An exit status other
// than 0 fails the test, with the script's standard error.
//
// While `make test` runs, scripts/reference/server.py runs the script in a fork of an interpreter that has imported
// TensorFlow already; otherwise a new interpreter does.
func RunPythonOf(t testing.TB, python, script string, args ...string) []byte {
	t.Helper()
	if !filepath.IsAbs(script) {
		script = filepath.Join(Root(t), script)
	}
	// Reading it here makes the script an input of the test: go test runs it again when the script changes.
	if _, err := os.ReadFile(script); err != nil {
		t.Fatalf("run python: %v", err)
	}
	ctx, cancel := scriptContext(t)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, append([]string{script}, args...)...)
	cmd.WaitDelay = grace / 2
	cmd.Env = append(os.Environ(), "TF_CPP_MIN_LOG_LEVEL=2", "PYTHONDONTWRITEBYTECODE=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := runForked(ctx, cmd)
	if errors.Is(err, errNoServer) {
		err = cmd.Run()
	}
	if err != nil {
		t.Fatalf("run python %q: %v\n%s", script, errors.Join(err, ctx.Err()), stderr.Bytes())
	}
	return stdout.Bytes()
}

var errNoServer = errors.New("no reference server")

// runForked has the server of the command's interpreter run the command, or returns errNoServer.
func runForked(ctx context.Context, cmd *exec.Cmd) error {
	connection, err := dialServer(cmd.Path)
	if err != nil {
		return errNoServer
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	var files [2]*os.File
	for i := range files {
		if files[i], err = os.CreateTemp("", "script-output-*"); err != nil {
			return err
		}
		defer os.Remove(files[i].Name())
		defer files[i].Close()
	}
	env := map[string]string{}
	for _, entry := range cmd.Env {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	request, err := json.Marshal(map[string]any{"args": cmd.Args[1:], "env": env, "dir": dir})
	if err != nil {
		return err
	}
	if _, _, err := connection.WriteMsgUnix(request, syscall.UnixRights(int(files[0].Fd()), int(files[1].Fd())), nil); err != nil {
		return err
	}
	answer, err := bufio.NewReader(connection).ReadString('\n')
	if answer == "declined\n" {
		return errNoServer
	}
	for i, to := range []io.Writer{cmd.Stdout, cmd.Stderr} {
		if _, err := files[i].Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(to, files[i]); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("the script's process ended without an exit status: %w", err)
	}
	if status, err := strconv.Atoi(strings.TrimSpace(answer)); err != nil || status != 0 {
		return fmt.Errorf("exit status %s", strings.TrimSpace(answer))
	}
	return nil
}

// dialServer connects to the server that listens beside the interpreter's bin folder. The path is made relative because
// the address of a socket has at most 107 bytes.
func dialServer(python string) (*net.UnixConn, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	path, err := filepath.Rel(dir, filepath.Join(filepath.Dir(filepath.Dir(python)), "reference.sock"))
	if err != nil {
		return nil, err
	}
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
}

// scriptContext ends with the test, or grace before the test binary's own time limit where t knows of one: the
// binary would end then by a panic that leaves the script running.
func scriptContext(t testing.TB) (context.Context, context.CancelFunc) {
	if limited, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := limited.Deadline(); ok {
			return context.WithDeadline(t.Context(), deadline.Add(-grace))
		}
	}
	return context.WithCancel(t.Context())
}
