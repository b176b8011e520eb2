package testenv_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"alexnet/internal/testenv"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outcome is a testing.TB that records how the test ended.
type outcome struct {
	testing.TB
	verb, message string
	deadline      time.Time
}

func (o *outcome) Helper()                  {}
func (o *outcome) Context() context.Context { return context.Background() }
func (o *outcome) Skipf(format string, args ...any) {
	o.end("skip", fmt.Sprintf(format, args...))
}
func (o *outcome) Fatalf(format string, args ...any) {
	o.end("fatal", fmt.Sprintf(format, args...))
}
func (o *outcome) Fatal(args ...any)           { o.end("fatal", fmt.Sprint(args...)) }
func (o *outcome) Deadline() (time.Time, bool) { return o.deadline, !o.deadline.IsZero() }

func (o *outcome) end(verb, message string) {
	o.verb, o.message = verb, message
	runtime.Goexit()
}

// run calls f with an outcome and returns it.
func run(f func(testing.TB)) *outcome {
	o := &outcome{verb: "pass"}
	return o.run(f)
}

func (o *outcome) run(f func(testing.TB)) *outcome {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(o)
	}()
	<-done
	return o
}

func (o *outcome) check(t *testing.T, verb string, words ...string) {
	t.Helper()
	if o.verb != verb {
		t.Errorf("got %s %q, want %s", o.verb, o.message, verb)
	}
	for _, word := range words {
		if !strings.Contains(o.message, word) {
			t.Errorf("got message %q, want %q in it", o.message, word)
		}
	}
}

// repository creates a folder with a go.mod, changes into a folder below it and clears the environment.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "go.mod"), "module made.up\n", 0o600)
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	for _, name := range []string{testenv.PythonVar, testenv.RequirePythonVar, testenv.SharedVar} {
		t.Setenv(name, "")
	}
	return root
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestRoot(t *testing.T) {
	want := repository(t)
	if got := testenv.Root(t); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Chdir(string(filepath.Separator))
	run(func(t testing.TB) { testenv.Root(t) }).check(t, "fatal", "go.mod")
}

func TestPythonAbsent(t *testing.T) {
	tests := []struct {
		name, python, require, verb string
		words                       []string
	}{
		{"default", "", "", "skip", []string{".venv", "scripts/install-reference", testenv.PythonVar}},
		{"off", "off", "1", "skip", []string{"off", testenv.PythonVar}},
		{"required", "", "1", "fatal", []string{".venv", "scripts/install-reference"}},
		{"named, not found", "/no/such/python", "", "fatal", []string{"/no/such/python", testenv.PythonVar}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repository(t)
			t.Setenv(testenv.PythonVar, test.python)
			t.Setenv(testenv.RequirePythonVar, test.require)
			run(func(t testing.TB) { testenv.Python(t) }).check(t, test.verb, test.words...)
		})
	}
}

func TestPythonPresent(t *testing.T) {
	root := repository(t)
	own := filepath.Join(root, ".venv", "bin", "python")
	write(t, own, "#!/bin/sh\n", 0o700)
	if got := testenv.Python(t); got != own {
		t.Errorf("got %q, want %q", got, own)
	}
	named := filepath.Join(root, "named")
	write(t, named, "#!/bin/sh\n", 0o700)
	t.Setenv(testenv.PythonVar, named)
	if got := testenv.Python(t); got != named {
		t.Errorf("with %s: got %q, want %q", testenv.PythonVar, got, named)
	}
}

func TestNewestPython(t *testing.T) {
	root := repository(t)
	run(func(t testing.TB) { testenv.NewestPython(t) }).check(t, "skip", ".venv-2.21", "scripts/install-reference 2.21")
	t.Setenv(testenv.RequirePythonVar, "1")
	run(func(t testing.TB) { testenv.NewestPython(t) }).check(t, "fatal", "scripts/install-reference 2.21")
	own := filepath.Join(root, ".venv-2.21", "bin", "python")
	write(t, own, "#!/bin/sh\n", 0o700)
	if got := testenv.NewestPython(t); got != own {
		t.Errorf("got %q, want %q", got, own)
	}
}

func TestShared(t *testing.T) {
	repository(t)
	t.Setenv(testenv.SharedVar, filepath.Join(t.TempDir(), "nowhere"))
	run(func(t testing.TB) { testenv.Shared(t) }).check(t, "skip", "nowhere", testenv.SharedVar)

	folder := t.TempDir()
	t.Setenv(testenv.SharedVar, folder)
	if got := testenv.Shared(t); got != folder {
		t.Errorf("got %q, want %q", got, folder)
	}
	run(func(t testing.TB) { testenv.Shared(t, "data", "x") }).check(t, "skip", filepath.Join("data", "x"))
	inside := filepath.Join(folder, "data", "x")
	write(t, inside, "", 0o600)
	if got := testenv.Shared(t, "data", "x"); got != inside {
		t.Errorf("got %q, want %q", got, inside)
	}
}

func TestSharedBesideRepository(t *testing.T) {
	root := repository(t)
	nested := filepath.Join(root, "nested")
	want := filepath.Join(root, "shared")
	write(t, filepath.Join(nested, "go.mod"), "module made.up\n", 0o600)
	if err := os.Mkdir(want, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(nested)
	if got := testenv.Shared(t); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The interpreter of these tests is the shell, so that they run where there is no Python.
func TestRunPython(t *testing.T) {
	root := repository(t)
	t.Setenv(testenv.PythonVar, "/bin/sh")
	write(t, filepath.Join(root, "scripts", "hello.py"), `echo "$1 $TF_CPP_MIN_LOG_LEVEL"; echo noise >&2`, 0o600)
	write(t, filepath.Join(root, "scripts", "failing.py"), `echo out; echo the reason >&2; exit 3`, 0o600)
	write(t, filepath.Join(root, "scripts", "endless.py"), `exec sleep 60`, 0o600)

	if got, want := string(testenv.RunPython(t, "scripts/hello.py", "hi")), "hi 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	absolute := filepath.Join(root, "scripts", "hello.py")
	if got, want := string(testenv.RunPython(t, absolute, "ho")), "ho 2\n"; got != want {
		t.Errorf("absolute: got %q, want %q", got, want)
	}
	run(func(t testing.TB) { testenv.RunPython(t, "scripts/failing.py") }).
		check(t, "fatal", "failing.py", "exit status 3", "the reason")
	run(func(t testing.TB) { testenv.RunPython(t, "scripts/absent.py") }).check(t, "fatal", "absent.py")

	// Of 4.3 s, 4 are kept for the report.
	hurried := &outcome{deadline: time.Now().Add(4300 * time.Millisecond)}
	hurried.run(func(t testing.TB) { testenv.RunPython(t, "scripts/endless.py") }).
		check(t, "fatal", "endless.py", "deadline exceeded")
}

func TestPythonHasTensorFlow(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds")
	}
	script := filepath.Join(t.TempDir(), "version.py")
	write(t, script, "import tensorflow, numpy\nprint(tensorflow.__version__, numpy.__version__)\n", 0o600)
	if got, want := string(testenv.RunPython(t, script)), "2.18.0 2.0.2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
