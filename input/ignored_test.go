package input

import (
	"os"
	"strings"
	"testing"
)

func TestIgnored(t *testing.T) {
	for _, name := range []string{".DS_Store", "._cat.jpg", "Thumbs.db", "desktop.ini", "@eaDir", "#recycle", "#snapshot", "@Recycle", ".Trash-1000",
		"$RECYCLE.BIN", "System Volume Information", "lost+found", ".git", ".dropbox.cache", ".ipynb_checkpoints", "__MACOSX", ".thumbnails",
		".picasaoriginals", ".sync", ".stfolder", ".cat.jpg.icloud", "cat.jpg.nextcloud", "Icon\r", "FOUND.000"} {
		if !isIgnored(name) {
			t.Errorf("%q: got not ignored", name)
		}
	}
	for _, name := range []string{"cat.jpg", "recycle", "Icon", "@cat", "#1", "found", "snapshot", "tmp", "$dog", "a b"} {
		if isIgnored(name) {
			t.Errorf("%q: got ignored", name)
		}
	}
}

// The documentation lists all patterns.
func TestIgnoredIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/usage.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range ignored {
		if want := "`" + strings.TrimSpace(pattern) + "`"; !strings.Contains(strings.ToLower(string(text)), want[:len(want)-1]) {
			t.Errorf("usage.md does not list %s", want)
		}
	}
}
