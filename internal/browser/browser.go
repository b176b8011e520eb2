// Package browser opens pages in a real Chromium for tests. Start with [Open].
package browser

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"alexnet/internal/testenv"
)

// ScreenshotsVar names a folder for screenshots of the pages that tests open.
const ScreenshotsVar = "ALEXNET_SCREENSHOTS"

// Tab is a page in its own browser.
type Tab struct {
	context.Context // for chromedp

	home     string
	lock     sync.Mutex
	problems []string
}

// Open starts a browser, which ends with the test or after the limit. Without a browser it skips the test: see
// [testenv.Browser].
func Open(t *testing.T, limit time.Duration) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a browser takes seconds; run without -short")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(testenv.Browser(t)), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	return &Tab{Context: ctx}
}

// Watch records from now on exceptions, console messages, and requests to URLs that do not begin with home.
func (b *Tab) Watch(t *testing.T, home string) {
	t.Helper()
	b.home = home
	must(t, chromedp.Listen(b, b.notice))
	_, err := chromedp.Call(b, network.Enable, network.EnableParams{})
	must(t, err)
	_, err = chromedp.Call(b, browserlog.Enable, cdp.Empty{})
	must(t, err)
}

func (b *Tab) notice(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		problem = "console: " + string(e.Type)
	case *browserlog.EventEntryAdded:
		problem = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, b.home) && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			problem = "request: " + url
		}
	}
	if problem != "" {
		b.lock.Lock()
		defer b.lock.Unlock()
		b.problems = append(b.problems, problem)
	}
}

// Show opens a page at the given width and color scheme, light or dark.
func (b *Tab) Show(t *testing.T, url string, width int64, scheme string) {
	t.Helper()
	media := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media})
	must(t, err)
	must(t, chromedp.Do(b, chromedp.EmulateViewport(width, 800), chromedp.Navigate(url)))
}

// Ask runs a script in the page and returns its result.
func (b *Tab) Ask(t *testing.T, script string) []string {
	t.Helper()
	answer, err := chromedp.Run(b, chromedp.Evaluate[[]string](script))
	must(t, err)
	return answer
}

// layoutCheck lists elements wider than the page, images that did not decode, and text with less contrast than WCAG 2.2,
// 1.4.3 requires.
//
//go:embed layout.js
var layoutCheck string

// Problems returns the layout problems of the open page, and what Watch recorded since the last call.
func (b *Tab) Problems(t *testing.T) []string {
	t.Helper()
	found := b.Ask(t, layoutCheck)
	b.lock.Lock()
	defer b.lock.Unlock()
	found = append(found, b.problems...)
	b.problems = nil
	return found
}

// Keep writes a screenshot of the whole page into the folder that ScreenshotsVar names.
func (b *Tab) Keep(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv(ScreenshotsVar)
	if dir == "" {
		return
	}
	image, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, name+".png"), image, 0o666))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
