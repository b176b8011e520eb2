package testenv

import (
	"os"
	"os/exec"
	"testing"
)

// The environment variables about a browser.
const (
	// BrowserVar names the browser for [Browser], in place of the first one on the path.
	BrowserVar = "ALEXNET_BROWSER"
	// RequireBrowserVar set to 1 makes [Browser] fail a test where it would skip it.
	RequireBrowserVar = "ALEXNET_REQUIRE_BROWSER"
)

// browsers are the names under which systems install what speaks Chrome's DevTools protocol.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// Browser returns the absolute path of a Chromium or Chrome: the one that BrowserVar names, or else the first on the
// path. Where there is none it skips the test, or fails it when RequireBrowserVar is 1. A browser that BrowserVar
// names and that is not there always fails it.
func Browser(t testing.TB) string {
	t.Helper()
	if named := os.Getenv(BrowserVar); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			t.Fatalf("find browser %q named by %s: %v", named, BrowserVar, err)
		}
		return path
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing := t.Skipf
	if os.Getenv(RequireBrowserVar) == "1" {
		missing = t.Fatalf
	}
	missing("no Chromium or Chrome to open pages in; run scripts/install-browser, or set %s", BrowserVar)
	return ""
}
