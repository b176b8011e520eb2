// Package testenv finds the resources that tests need from outside the repository: a Python with TensorFlow, a second
// one with the newest TensorFlow, a browser, and a folder of real images and pretrained weights. Start with [Python],
// [Browser] and [Shared].
//
// A missing resource skips the test with the reason and the remedy, or fails it where the environment requires the
// resource. Nothing is downloaded and no goroutine outlives a call. Only tests import this package.
package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Environment variables.
const (
	// PythonVar names the interpreter for [Python], in place of .venv/bin/python; "off" skips all tests that need one.
	PythonVar = "ALEXNET_PYTHON"
	// RequirePythonVar set to 1 makes [Python] fail a test where it would skip it.
	RequirePythonVar = "ALEXNET_REQUIRE_PYTHON"
	// SeedVar is the seed that [Seed] returns.
	SeedVar = "ALEXNET_SEED"
	// NightlyVar set to 1 runs the tests that call [Nightly].
	NightlyVar = "ALEXNET_NIGHTLY"
	// SharedVar names the folder for [Shared], in place of "shared" beside the repository.
	SharedVar = "ALEXNET_SHARED"
)

// OddNames are names of files and folders that the file system allows, and that a pattern, a format, a shell or a URL
// would change.
var OddNames = []string{`set [v1] *?\`, " -new\nline {a} %s%20 '\"$x 日本"}

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

// Seed returns the seed for a test's random choices and logs it: the value of SeedVar, or 1. A failure of a nightly run,
// which sets a random seed, is reproduced by setting the logged one.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv(SeedVar); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("read %s: %v", SeedVar, err)
		}
	}
	t.Logf("%s=%d", SeedVar, seed)
	return seed
}

// Nightly skips the test unless NightlyVar is 1, as `make nightly` sets it.
func Nightly(t testing.TB) {
	t.Helper()
	if os.Getenv(NightlyVar) != "1" {
		t.Skipf("runs in make nightly, or with %s=1", NightlyVar)
	}
}

// Python returns the absolute path of an interpreter that has TensorFlow 2.18: the one that PythonVar names, or the one
// that scripts/install-reference installs. Without one it skips the test, or fails it when RequirePythonVar is 1. An
// interpreter that PythonVar names and that does not exist always fails it.
func Python(t testing.TB) string {
	t.Helper()
	switch named := os.Getenv(PythonVar); named {
	case "":
	case "off":
		t.Skipf("tests that need Python are off: %s=off", PythonVar)
	default:
		path, err := exec.LookPath(named)
		if err != nil {
			t.Fatalf("find python %q named by %s: %v", named, PythonVar, err)
		}
		return path
	}
	return installed(t, ".venv", "scripts/install-reference, or set "+PythonVar)
}

// NewestPython returns the absolute path of the interpreter with TensorFlow 2.21 that scripts/install-reference 2.21
// installs. Without one it skips the test, or fails it when RequirePythonVar is 1.
func NewestPython(t testing.TB) string {
	t.Helper()
	if os.Getenv(PythonVar) == "off" {
		t.Skipf("tests that need Python are off: %s=off", PythonVar)
	}
	return installed(t, ".venv-2.21", "scripts/install-reference 2.21")
}

// installed returns the interpreter in a folder of the repository that script installs.
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

// Shared returns the folder with real images (data/) and pretrained weights (weights/): the one that SharedVar names, or
// "shared" beside the repository. Without one it skips the test. Elements, if any, name something inside it, and the
// path returned is theirs: Shared(t, "data", "flowers5").
func Shared(t testing.TB, elements ...string) string {
	t.Helper()
	folder := os.Getenv(SharedVar)
	if folder == "" {
		folder = filepath.Join(filepath.Dir(Root(t)), "shared")
	}
	path := filepath.Join(append([]string{folder}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared images and weights not found: %v; set %s to a folder that holds them", err, SharedVar)
	}
	return path
}
