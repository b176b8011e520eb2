package export

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// validModel is a directory of empty files that match its card. The card lists the others too.
func validModel(t *testing.T, others ...file) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	c := tinyCard()
	for _, path := range parts {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.describe(dir); err != nil {
		t.Fatal(err)
	}
	c.Files = append(c.Files, others...)
	c.Fingerprint = c.sum()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "assets.extra"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, cardFile), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Symbolic links are not followed outside the directory, pipes and devices are not opened, and files that the card
// lists besides the model's own are ignored.
func TestReadStaysInTheFolder(t *testing.T) {
	if _, err := ReadCard(validModel(t, file{"../other", 1, "00"}, file{"/etc/passwd", 1, "00"})); err != nil {
		t.Errorf("other files: got %v, want them ignored", err)
	}
	replace := func(dir, part string, with func(path string) error) {
		path := filepath.Join(dir, part)
		if err := os.Rename(path, filepath.Join(dir, "moved")); err != nil {
			t.Fatal(err)
		}
		if err := with(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range append(parts, cardFile) {
		t.Run(part, func(t *testing.T) {
			dir := validModel(t)
			up := strings.Repeat("../", strings.Count(part, "/"))
			replace(dir, part, func(path string) error { return os.Symlink(up+"moved", path) })
			if _, err := ReadCard(dir); err != nil {
				t.Errorf("a link inside the directory: got %v", err)
			}
			outside := filepath.Join(t.TempDir(), "outside")
			for kind, with := range map[string]func(string) error{
				"a link out of it": func(path string) error { return os.Symlink(outside, path) },
				"a device":         func(path string) error { return os.Symlink("/dev/zero", path) },
				"a pipe":           func(path string) error { return syscall.Mkfifo(path, 0o644) },
			} {
				dir := validModel(t)
				replace(dir, part, with)
				if text, err := os.ReadFile(filepath.Join(dir, "moved")); err != nil || os.WriteFile(outside, text, 0o644) != nil {
					t.Fatal(err)
				}
				failed := make(chan error, 1)
				go func() {
					_, err := ReadCard(dir)
					failed <- err
				}()
				select {
				case err := <-failed:
					if err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), dir) {
						t.Errorf("%s: got %v, want an error that names %s in %q", kind, err, part, dir)
					}
				case <-time.After(10 * time.Second):
					t.Fatalf("%s: timed out", kind)
				}
			}
		})
	}
}
