package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"alexnet/internal/testenv"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names are the files in dir.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, unix.ENOTDIR) && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestWrite(t *testing.T) {
	for name, write := range map[string]func(path string, data []byte) error{"durable": Write, "cache": WriteCache} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.json")
		for _, text := range []string{"first", "", "second"} {
			must(t, write(path, []byte(text)))
			if got, err := os.ReadFile(path); err != nil || string(got) != text {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, text)
			}
		}
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode() != 0o644 {
			t.Errorf("%s: got mode %v, want 0644", name, info.Mode())
		}
		if got := names(t, dir); !slices.Equal(got, []string{"a.json"}) {
			t.Errorf("%s: got files %v, want only a.json", name, got)
		}
	}
}

// A failed write names the file, keeps its old content and leaves no other file.
func TestWriteFails(t *testing.T) {
	failure := errors.New("failure of the writer")
	cases := map[string]func(t *testing.T) (path string, want error){
		"no folder": func(t *testing.T) (string, error) {
			return filepath.Join(t.TempDir(), "none", "a.json"), os.ErrNotExist
		},
		"a file in place of the folder": func(t *testing.T) (string, error) {
			file := filepath.Join(t.TempDir(), "file")
			must(t, os.WriteFile(file, nil, 0o644))
			return filepath.Join(file, "a.json"), unix.ENOTDIR
		},
		"a folder in place of the file": func(t *testing.T) (string, error) {
			path := filepath.Join(t.TempDir(), "a.json")
			must(t, os.MkdirAll(filepath.Join(path, "x"), 0o777))
			return path, os.ErrExist
		},
		"read-only disk": func(t *testing.T) (string, error) {
			dir := testenv.SmallDisk(t, 32<<12)
			must(t, os.WriteFile(filepath.Join(dir, "a.json"), []byte("old"), 0o644))
			must(t, unix.Mount("none", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
			return filepath.Join(dir, "a.json"), unix.EROFS
		},
		"full disk": func(t *testing.T) (string, error) {
			dir := testenv.SmallDisk(t, 32<<12)
			must(t, os.WriteFile(filepath.Join(dir, "a.json"), []byte("old"), 0o644))
			fillDisk(t, filepath.Join(dir, "ballast"))
			return filepath.Join(dir, "a.json"), unix.ENOSPC
		},
		"failing writer": func(t *testing.T) (string, error) {
			path := filepath.Join(t.TempDir(), "a.json")
			must(t, os.WriteFile(path, []byte("old"), 0o644))
			return path, failure
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			path, want := prepare(t)
			before := names(t, filepath.Dir(path))
			old, _ := os.ReadFile(path)
			err := Stream(path, func(w io.Writer) error {
				_, err := io.WriteString(w, "new")
				if want == failure {
					err = failure
				}
				return err
			})
			if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v and the name %q", err, want, path)
			}
			if after := names(t, filepath.Dir(path)); !slices.Equal(after, before) {
				t.Errorf("got files %v, want %v", after, before)
			}
			if now, _ := os.ReadFile(path); string(now) != string(old) {
				t.Errorf("got %q, want %q as before", now, old)
			}
		})
	}
}

func fillDisk(t *testing.T, ballast string) {
	t.Helper()
	var fs unix.Statfs_t
	must(t, unix.Statfs(filepath.Dir(ballast), &fs))
	must(t, os.WriteFile(ballast, make([]byte, int64(fs.Bfree)*fs.Bsize), 0o644))
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{"a[1].csv", ".a[1].csv.123", ".a[1].csv.456", ".a[1].csv.old", ".a1.csv.123", ".b.csv.123"} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	must(t, os.Chtimes(filepath.Join(dir, ".a[1].csv.123"), old, old))
	stay := []string{".a1.csv.123", ".a[1].csv.456", ".a[1].csv.old", ".b.csv.123", "a[1].csv"}
	must(t, Sweep(filepath.Join(dir, "a[1].csv"), time.Hour))
	if got := names(t, dir); !slices.Equal(got, stay) {
		t.Errorf("an hour: got %v, want %v", got, stay)
	}
	must(t, Sweep(filepath.Join(dir, "a[1].csv"), 0))
	if got, want := names(t, dir), slices.Delete(stay, 1, 2); !slices.Equal(got, want) {
		t.Errorf("all: got %v, want %v", got, want)
	}
}
