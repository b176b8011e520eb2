package testenv

import (
	"os"
	"os/exec"
	"testing"
)

// Environment variables for the browser.
const (
	// BrowserVar names the browser for [Browser], in place of the first one on the path; "off" skips all tests that need
	// one.
	BrowserVar = "ALEXNET_BROWSER"
	// RequireBrowserVar set to 1 makes [Browser] fail a test where it would skip it.
	RequireBrowserVar = "ALEXNET_REQUIRE_BROWSER"
)

// browsers are the usual names of browsers that speak Chrome's DevTools protocol.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// Browser returns the absolute path of a Chromium or Chrome: the one that BrowserVar names, or the first on the path.
// Without one it skips the test, or fails it when RequireBrowserVar is 1. A browser that BrowserVar names and that does
// not exist always fails it.
func Browser(t testing.TB) string {
	t.Helper()
	switch named := os.Getenv(BrowserVar); named {
	case "":
	case "off":
		t.Skipf("tests that need a browser are off: %s=off", BrowserVar)
	default:
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
	missing("Chromium or Chrome not found; run scripts/install-browser, or set %s", BrowserVar)
	return ""
}
