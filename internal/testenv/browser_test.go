package testenv_test

import (
	"path/filepath"
	"testing"

	"alexnet/internal/testenv"
)

func TestBrowser(t *testing.T) {
	browser := func(tb testing.TB) { testenv.Browser(tb) }
	empty := func(t *testing.T) string {
		dir := t.TempDir()
		for name, value := range map[string]string{"PATH": dir, testenv.BrowserVar: "", testenv.RequireBrowserVar: ""} {
			t.Setenv(name, value)
		}
		return dir
	}
	t.Run("missing", func(t *testing.T) {
		empty(t)
		run(browser).check(t, "skip", "scripts/install-browser", testenv.BrowserVar)
	})
	t.Run("missing and required", func(t *testing.T) {
		empty(t)
		t.Setenv(testenv.RequireBrowserVar, "1")
		run(browser).check(t, "fatal", "scripts/install-browser")
	})
	t.Run("off", func(t *testing.T) {
		empty(t)
		t.Setenv(testenv.BrowserVar, "off")
		run(browser).check(t, "skip", testenv.BrowserVar)
	})
	t.Run("on the path", func(t *testing.T) {
		want := filepath.Join(empty(t), "google-chrome")
		write(t, want, "#!/bin/sh\n", 0o700)
		var got string
		run(func(tb testing.TB) { got = testenv.Browser(tb) }).check(t, "pass")
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("named and missing", func(t *testing.T) {
		dir := empty(t)
		write(t, filepath.Join(dir, "chromium"), "#!/bin/sh\n", 0o700)
		t.Setenv(testenv.BrowserVar, filepath.Join(dir, "firefox"))
		run(browser).check(t, "fatal", "firefox", testenv.BrowserVar)
	})
}
