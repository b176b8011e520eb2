package parity

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"alexnet/internal/testenv"
)

// Run writes job as JSON into a folder of the test, runs the Python script as "script job.json result.npz" and returns
// the arrays of the result. Without a Python that has TensorFlow, and with -short, it skips the test; any other failure
// fails it.
func Run(t testing.TB, script string, job any) Reference {
	t.Helper()
	if testing.Short() {
		t.Skip("compares with Python's TensorFlow; run without -short")
	}
	testenv.Python(t)
	dir := t.TempDir()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatalf("write job for %q: %v", script, err)
	}
	in, out := filepath.Join(dir, "job.json"), filepath.Join(dir, "result.npz")
	if err := os.WriteFile(in, text, 0o600); err != nil {
		t.Fatalf("write job for %q: %v", script, err)
	}
	testenv.RunPython(t, script, in, out)
	r, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
