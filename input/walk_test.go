package input

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func names(t *tree) string {
	var s []string
	for _, f := range t.files {
		s = append(s, f.name)
	}
	return strings.Join(s, " ")
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skipf("cannot create links: %v", err)
	}
}

func TestWalkFollowsLinksOnce(t *testing.T) {
	elsewhere := writeFiles(t, map[string][]byte{"x.png": nil})
	dir := writeFiles(t, map[string][]byte{"data/cat/1.png": nil, "data/dog/2.png": nil, "other/3.png": nil})
	root := filepath.Join(dir, "data")
	symlink(t, "../cat", filepath.Join(root, "cat/loop"))
	symlink(t, "../..", filepath.Join(root, "cat/above"))
	symlink(t, "cat", filepath.Join(root, "alias"))
	symlink(t, elsewhere, filepath.Join(root, "away"))
	symlink(t, "../cat/1.png", filepath.Join(root, "dog/file.png"))
	symlink(t, "nowhere", filepath.Join(root, "dog/broken"))
	for _, root := range []string{root, "data", "."} {
		t.Chdir(dir)
		if root == "." {
			t.Chdir("data")
		}
		followsLinksOnce(t, root)
	}
}

func followsLinksOnce(t *testing.T, root string) {
	t.Helper()
	got, err := walk(root)
	if err != nil {
		t.Fatal(err)
	}
	if want := "away/x.png cat/1.png dog/2.png dog/file.png"; names(got) != want {
		t.Errorf("got %q, want %q", names(got), want)
	}
	var reasons []string
	for _, p := range got.excluded {
		reasons = append(reasons, filepath.Base(p.Path)+" "+p.Reason)
	}
	for i, want := range []string{"alias is a link to a folder that was already read", "above is a link to a parent folder",
		"loop is a link to a folder that was already read", "broken is a broken link"} {
		if i >= len(reasons) || !strings.HasPrefix(reasons[i], want) {
			t.Fatalf("got excluded %q, want %q at %d", reasons, want, i)
		}
	}
}

func TestUnreadableFolderIsExcluded(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything: run as another user")
	}
	dir := writeDataset(t, []string{"cat/1.png", "dog/1.png", "owl/1.png"})
	unreadable := filepath.Join(dir, "owl")
	if err := os.Chmod(unreadable, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(unreadable, 0o777)
	d, err := Open(dir, Options{})
	if err != nil || len(d.Excluded) != 1 || d.Excluded[0].Path != unreadable {
		t.Errorf("got %+v, %v", d, err)
	}
	if _, err := Open(unreadable, Options{}); err == nil {
		t.Error("unreadable dataset: got no error")
	}
}
