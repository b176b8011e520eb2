package report

import (
	"context"
	"flag"
	"fmt"
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

var screenshots = flag.String("screenshots", "", "folder to keep what the browser shows in")

// tab is a page in a browser, which notes what the page should not do.
type tab struct {
	ctx      context.Context
	mu       sync.Mutex
	troubles []string
}

func newTab(t *testing.T) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a browser takes seconds; run without -short")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(testenv.Browser(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	b := &tab{ctx: ctx}
	must(t, chromedp.Listen(ctx, b.notice))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	must(t, err)
	_, err = chromedp.Call(ctx, browserlog.Enable, cdp.Empty{})
	must(t, err)
	return b
}

func (b *tab) notice(event any) {
	trouble := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		trouble = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		trouble = "console: " + string(e.Type)
	case *browserlog.EventEntryAdded:
		trouble = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "data:") && e.Type != "Document" {
			trouble = "request: " + url
		}
	}
	if trouble != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.troubles = append(b.troubles, trouble)
	}
}

// open shows the file, as wide as that and in the scheme, light or dark.
func (b *tab) open(t *testing.T, path string, width int64, scheme string) {
	t.Helper()
	media := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media})
	must(t, err)
	must(t, chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate("file://"+path)))
}

func (b *tab) ask(t *testing.T, script string) []string {
	t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](script))
	must(t, err)
	return answer
}

// inspect is what is wrong with the page that is open.
func (b *tab) inspect(t *testing.T) []string {
	t.Helper()
	found := b.ask(t, layoutScript)
	found = append(found, b.ask(t, contrastScript)...)
	b.mu.Lock()
	defer b.mu.Unlock()
	found = append(found, b.troubles...)
	b.troubles = nil
	return found
}

// layoutScript names what sticks out of the page, and pictures that are not decoded.
const layoutScript = `(() => {
	const found = [], page = document.documentElement;
	if (page.scrollWidth > innerWidth) found.push("the page is " + page.scrollWidth + " wide, its window " + innerWidth);
	for (const i of document.images) if (!i.complete || !i.naturalWidth) found.push("picture not decoded: " + i.src.slice(0, 60));
	for (const s of document.querySelectorAll("svg")) if (s.getBoundingClientRect().width < 200) found.push("a plot is narrow");
	return found;
})()`

// contrastScript names texts that stand out from their ground by less than WCAG 2.2, 1.4.3 asks for.
const contrastScript = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = colour => {
		canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] / 255 + under[i] * (1 - top[3] / 255));
	const ground = e => {
		if (!e) return [255, 255, 255];
		const own = rgba(getComputedStyle(e).backgroundColor);
		return own[3] == 255 ? own.slice(0, 3) : over(own, ground(e.parentElement));
	};
	const light = c => {
		const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const found = {};
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement, style = getComputedStyle(e);
		if (!walker.currentNode.data.trim() || !e.getClientRects().length) continue;
		const under = ground(e), ink = over(rgba(e.closest("svg") ? style.fill : style.color), under);
		const [a, b] = [light(ink), light(under)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) found[e.tagName + "." + e.className] = ratio.toFixed(2) + ": " + walker.currentNode.data.trim().slice(0, 40);
	}
	return Object.entries(found).map(([where, what]) => "contrast of " + where + " " + what);
})()`

func TestInBrowser(t *testing.T) {
	b := newTab(t)
	for _, classes := range []int{2, 30} {
		dir, _ := trained(t, classes)
		_, text := made(t, dir, opened(t, dir), found(t, dir))
		path := filepath.Join(t.TempDir(), "report.html")
		must(t, os.WriteFile(path, text, 0o666))
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				name := fmt.Sprintf("%d-classes-%d-%s", classes, width, scheme)
				t.Run(name, func(t *testing.T) {
					b.open(t, path, width, scheme)
					for _, trouble := range b.inspect(t) {
						t.Error(trouble)
					}
					b.keep(t, name)
				})
			}
		}
	}
}

// keep writes what is to be seen into the folder that -screenshots names.
func (b *tab) keep(t *testing.T, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(90))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(*screenshots, name+".jpg"), picture, 0o666))
}

// The inspection itself: on a page with every fault, it names each.
func TestInspectionFindsFaults(t *testing.T) {
	b := newTab(t)
	path := filepath.Join(t.TempDir(), "faulty.html")
	must(t, os.WriteFile(path, []byte(`<!DOCTYPE html><title>faulty</title><body style="background:#fff">
		<div style="width:2000px">wide</div><p style="color:#999">pale</p><svg width="20"></svg>
		<img src="data:image/png;base64,AAAA"><img src="nowhere.png"><script>console.error("said"); nothing()</script>`), 0o666))
	b.open(t, path, 390, "light")
	all := strings.Join(b.inspect(t), "\n")
	for _, want := range []string{"the page is 2", "contrast of P.", "a plot is narrow", "picture not decoded: data:", "request: file://", "console: error", "exception: "} {
		if !strings.Contains(all, want) {
			t.Errorf("got\n%s\nwant %q among it", all, want)
		}
	}
}
