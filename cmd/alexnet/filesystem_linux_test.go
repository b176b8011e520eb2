package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// lacking are calls that file systems lack, with the errors that the calls then return: Lustre, FAT and SMB, SMB, and some
// in user space.
var lacking = map[string]syscall.Errno{"flock": syscall.ENOSYS, "chmod": syscall.EPERM, "sync of folders": syscall.EINVAL,
	"rename over a file": syscall.EEXIST}

// lackingNode is a file or folder of a file system that passes calls on, but for those of lacking.
type lackingNode struct{ *fs.LoopbackNode }

func (n *lackingNode) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &lackingNode{child.(*fs.LoopbackNode)}
}

func (n *lackingNode) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if _, mode := in.GetMode(); mode {
		return lacking["chmod"]
	}
	return n.LoopbackNode.Setattr(ctx, f, in, out)
}

// folderHandle is a handle of a folder without its own sync, so that Fsync is called.
type folderHandle interface {
	fs.FileReaddirenter
	fs.FileReleasedirer
	fs.FileSeekdirer
}

func (n *lackingNode) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, used, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return struct{ folderHandle }{h.(folderHandle)}, used, 0
}

func (n *lackingNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	if n.IsDir() {
		return lacking["sync of folders"]
	}
	return 0
}

func (n *lackingNode) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if other := to.EmbeddedInode().GetChild(newName); other != nil && !other.IsDir() {
		return lacking["rename over a file"]
	}
	return n.LoopbackNode.Rename(ctx, name, to, newName, flags)
}

func (n *lackingNode) Setlk(context.Context, fs.FileHandle, uint64, *fuse.FileLock, uint32) syscall.Errno {
	return lacking["flock"]
}

// TestMountLacksCalls is [TestFilesystemLacksCalls] on a mounted file system, whose kernel makes the errors.
func TestMountLacksCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program several times; run without -short")
	}
	root, err := fs.NewLoopbackRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server, err := fs.Mount(dir, &lackingNode{root.(*fs.LoopbackNode)},
		&fs.Options{MountOptions: fuse.MountOptions{EnableLocks: true, DirectMount: true, FsName: "lacking"}})
	if err != nil {
		t.Skipf("NOT TESTED, a mount that lacks calls: FUSE cannot be used here: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	})
	f, err := os.Create(filepath.Join(dir, "probe"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Chmod(0o600); err == nil {
		t.Error("got a change of modes, want an error")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	runEverything(t, dir, func(_ *testing.T, cmd *exec.Cmd) error { return cmd.Run() })
}

// runEverything trains, resumes, evaluates, predicts, reports and exports in dir, and checks that each command succeeds
// with one warning for each call that the file system lacks, at most. run waits until a command has ended.
func runEverything(t *testing.T, dir string, run func(*testing.T, *exec.Cmd) error) {
	t.Helper()
	in := func(name string) string { return filepath.Join(dir, name) }
	pretrained := filepath.Join(t.TempDir(), "weights.npy")
	if err := drawWeights(pretrained, tinyNetwork); err != nil {
		t.Fatal(err)
	}
	data := photos(t)
	train := []string{"train", data, "--out", in("run"), "--resume", "--weights", pretrained, "--cache", in("features"), "--val", ".25"}
	for _, args := range [][]string{
		slices.Concat(train, tinyFlags, []string{"--epochs", "1"}), slices.Concat(train, tinyFlags, []string{"--epochs", "2"}),
		{"eval", in("run"), data}, {"report", in("run"), data}, {"inspect", in("run")},
		{"predict", in("run"), filepath.Join(data, "dark"), "--draw", in("drawn")},
		{"export", in("run"), "--out", in("saved")}, {"export", in("run"), "--out", in("checkpoint"), "--format", "checkpoint"},
		{"export", in("run"), "--out", in("a.npy"), "--format", "npy"}, {"export", in("run"), "--out", in("a.npz"), "--format", "npz"},
	} {
		cmd, stderr := program(t, args...)
		cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+in("cache"))
		if err := run(t, cmd); err != nil {
			t.Fatalf("%q: got %v: %s", args, err, stderr)
		}
		for _, text := range []string{"has no locks", "cannot sync folders", "cannot rename over"} {
			got := strings.Count(stderr.String(), text)
			if got > 1 || got == 0 && slices.Contains(args, "2") {
				t.Errorf("%q: got %d warnings %q, want 1: %s", args, got, text, stderr)
			}
		}
	}
}
