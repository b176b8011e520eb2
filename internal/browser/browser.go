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

// ScreenshotsVar names a folder to keep pictures of what tests look at in.
const ScreenshotsVar = "ALEXNET_SCREENSHOTS"

// Tab is a page in a browser of its own.
type Tab struct {
	context.Context // for chromedp

	home     string
	lock     sync.Mutex
	troubles []string
}

// Open starts a browser, which ends with the test or after the limit. Where there
// is none, the test is skipped: see [testenv.Browser].
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

// Watch notes from now on what a page should not do: exceptions, words on the
// console, requests to anywhere but home, an address's beginning.
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
	trouble := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		trouble = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		trouble = "console: " + string(e.Type)
	case *browserlog.EventEntryAdded:
		trouble = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, b.home) && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			trouble = "request: " + url
		}
	}
	if trouble != "" {
		b.lock.Lock()
		defer b.lock.Unlock()
		b.troubles = append(b.troubles, trouble)
	}
}

// Show opens a page, as wide as that and in the scheme, light or dark.
func (b *Tab) Show(t *testing.T, url string, width int64, scheme string) {
	t.Helper()
	media := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media})
	must(t, err)
	must(t, chromedp.Do(b, chromedp.EmulateViewport(width, 800), chromedp.Navigate(url)))
}

// Ask gives what a script says in the page.
func (b *Tab) Ask(t *testing.T, script string) []string {
	t.Helper()
	answer, err := chromedp.Run(b, chromedp.Evaluate[[]string](script))
	must(t, err)
	return answer
}

// looks names what sticks out of a page, pictures that are not decoded, and texts
// that stand out from their ground by less than WCAG 2.2, 1.4.3 asks for.
//
//go:embed looks.js
var looks string

// Troubles is what is wrong with the page that is open, and what it did since the
// last call that it should not.
func (b *Tab) Troubles(t *testing.T) []string {
	t.Helper()
	found := b.Ask(t, looks)
	b.lock.Lock()
	defer b.lock.Unlock()
	found = append(found, b.troubles...)
	b.troubles = nil
	return found
}

// Keep writes what the whole page shows into the folder that ScreenshotsVar names.
func (b *Tab) Keep(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv(ScreenshotsVar)
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o666))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
