package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe in place of a file of a run never blocks: commands that read the file report it or ignore it.
func TestPipes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program for each file; run without -short")
	}
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	made := filepath.Join(t.TempDir(), "made")
	data := photos(t)
	fail(os.WriteFile(filepath.Join(data, "dark", "torn.jpg"), nil, 0o666))
	cmd, stderr := program(t, append([]string{"train", data, "--out", made, "--epochs=1", "--bad-images=skip"}, tinyFlags...)...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var files []string
	fail(filepath.WalkDir(made, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, made))
		}
		return err
	}))
	for _, name := range files {
		run := filepath.Join(t.TempDir(), "run")
		fail(os.CopyFS(run, os.DirFS(made)))
		fail(errors.Join(os.Remove(run+name), syscall.Mkfifo(run+name, 0o666)))
		for _, args := range [][]string{
			{"inspect", run}, {"report", run, "--out", filepath.Join(t.TempDir(), "report.html")}, {"train", "--out", run, "--resume", "--epochs=2"},
		} {
			cmd, stderr := program(t, args...)
			fail(cmd.Start())
			late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			if !late.Stop() {
				t.Errorf("%s of a run whose %s is a pipe: it blocked", args[0], name)
			} else if err != nil && !strings.Contains(stderr.String(), run) {
				t.Errorf("%s of a run whose %s is a pipe: got %v without the run's name:\n%s", args[0], name, err, stderr)
			}
		}
	}
}
