package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"alexnet/internal/faults"
)

func init() { enterFaults = faults.Enter }

// TestFilesystemLacksCalls runs every command on a file system without locks, modes of files, syncs of folders and
// renames that replace a file: each works, with at most one warning for each call.
func TestFilesystemLacksCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program several times; run without -short")
	}
	dir := t.TempDir()
	seen := map[string]int{}
	runEverything(t, dir, func(t *testing.T, cmd *exec.Cmd) error {
		watch, err := faults.Start(cmd, func(c faults.Call) syscall.Errno {
			if c.Path != dir && !strings.HasPrefix(c.Path, dir+"/") {
				return 0
			}
			name := c.Name
			switch name {
			case "fchmod", "fchmodat":
				name = "chmod"
			case "fsync", "fdatasync":
				if info, err := os.Stat(c.Path); err == nil && info.IsDir() {
					name = "sync of folders"
				}
			case "rename", "renameat", "renameat2":
				if _, err := os.Lstat(targetOf(c.Path)); err == nil {
					name = "rename over a file"
				}
			}
			errno := lacking[name]
			if errno != 0 {
				seen[name]++
			}
			return errno
		})
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skipf("NOT TESTED, a file system that lacks calls: system calls cannot be answered here: %v", err)
		}
		if err != nil {
			return err
		}
		return errors.Join(cmd.Wait(), watch.Wait())
	})
	if seen["flock"] == 0 || seen["sync of folders"] == 0 || seen["rename over a file"] == 0 {
		t.Errorf("got calls %v, want locks, syncs of folders and renames over files", seen)
	}
}

// targetOf is what the temporary file .NAME.DIGITS or .NAME.part.SUFFIX is renamed to, "" for other files.
func targetOf(temporary string) string {
	dir, name := filepath.Split(temporary)
	name, ours := strings.CutPrefix(name, ".")
	if !ours {
		return ""
	}
	name = strings.Replace(name, ".part", "", 1)
	if ext := filepath.Ext(name); strings.Trim(ext, ".0123456789") == "" {
		name = strings.TrimSuffix(name, ext)
	}
	return filepath.Join(dir, name)
}
