// Package testenv finds what tests need from outside the repository: a Python with TensorFlow, one with the newest
// TensorFlow, a browser, and a folder of real photographs and pretrained weights. Start with [Python], [Browser] and
// [Shared].
//
// What is missing skips the test with the reason and the remedy; it never fails one, unless the environment says
// that it must be there. Nothing is downloaded and no goroutine outlives a call. Only tests import this package.
package testenv

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The environment variables that say where things are, or that they must be there.
const (
	// PythonVar names the interpreter for [Python], in place of .venv/bin/python.
	PythonVar = "ALEXNET_PYTHON"
	// RequirePythonVar set to 1 makes [Python] fail a test where it would skip it.
	RequirePythonVar = "ALEXNET_REQUIRE_PYTHON"
	// SharedVar names the folder for [Shared], in place of "shared" beside the repository.
	SharedVar = "ALEXNET_SHARED"
)

// grace is what is left of the test binary's time when a script is stopped: enough to report it.
const grace = 4 * time.Second

// Root returns the absolute path of the repository: the nearest folder with a go.mod, upwards from the folder of
// the package under test, which is where a test starts.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("find repository: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("find repository: got no go.mod in the working folder nor above it, want one")
		}
		dir = parent
	}
}

// Python returns the absolute path of an interpreter that has TensorFlow 2.18: the one that PythonVar names, or
// else the one that scripts/install-reference makes. Where there is none it skips the test, or fails it when
// RequirePythonVar is 1. An interpreter that PythonVar names and that is not there always fails it.
func Python(t testing.TB) string {
	t.Helper()
	if named := os.Getenv(PythonVar); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			t.Fatalf("find python %q named by %s: %v", named, PythonVar, err)
		}
		return path
	}
	return installed(t, ".venv", "scripts/install-reference, or set "+PythonVar)
}

// NewestPython returns the absolute path of the interpreter with TensorFlow 2.21 that scripts/install-reference 2.21
// makes. Where there is none it skips the test, or fails it when RequirePythonVar is 1.
func NewestPython(t testing.TB) string {
	t.Helper()
	return installed(t, ".venv-2.21", "scripts/install-reference 2.21")
}

// installed is the interpreter in a folder of the repository that a script makes.
func installed(t testing.TB, folder, script string) string {
	t.Helper()
	path := filepath.Join(Root(t), folder, "bin", "python")
	if _, err := os.Stat(path); err != nil {
		missing := t.Skipf
		if os.Getenv(RequirePythonVar) == "1" {
			missing = t.Fatalf
		}
		missing("no Python with TensorFlow: %v; run %s", err, script)
	}
	return path
}

// Shared returns the folder with real photographs (data/) and pretrained weights (weights/): the one that SharedVar
// names, or else "shared" beside the repository. Where there is none it skips the test. Elements, if any, name
// something inside it, and the path returned is theirs: Shared(t, "data", "flowers5").
func Shared(t testing.TB, elements ...string) string {
	t.Helper()
	folder := os.Getenv(SharedVar)
	if folder == "" {
		folder = filepath.Join(filepath.Dir(Root(t)), "shared")
	}
	path := filepath.Join(append([]string{folder}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no photographs and weights to test with: %v; set %s to a folder that has them", err, SharedVar)
	}
	return path
}

// RunPython runs a script with [Python] and returns what it wrote to stdout, see [RunPythonOf].
func RunPython(t testing.TB, script string, args ...string) []byte {
	t.Helper()
	return RunPythonOf(t, Python(t), script, args...)
}

// RunPythonOf runs a script with the interpreter and returns what it wrote to stdout. A script that is not absolute is
// taken from [Root]. It is stopped when the test ends, or shortly before the test binary's own time limit. An exit
// status other than 0 fails the test, with what the script wrote to stderr.
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
	if err := cmd.Run(); err != nil {
		t.Fatalf("run python %q: %v\n%s", script, errors.Join(err, ctx.Err()), stderr.Bytes())
	}
	return stdout.Bytes()
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
