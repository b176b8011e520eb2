package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"alexnet/classify"
	"alexnet/internal/browser"
	"alexnet/internal/testmodel"
)

// cardTexts returns the texts of the page's cards, the last one first.
const cardTexts = `[...document.querySelectorAll("article")].map(a => a.querySelector("figcaption").textContent + ": " + a.querySelector("h2").textContent +
	"; " + a.querySelectorAll("li").length + " bars" + (a.className ? ", " + a.className : ""))`

// A user selects two images and another file, enters the token, and sees classes and
// bars, on a phone and on a desktop.
func TestPageInBrowser(t *testing.T) {
	s, url := startServer(t, Config{Token: "open sesame"})
	dir := t.TempDir()
	var files []string
	for name, text := range map[string][]byte{"3.jpg": testmodel.JPEG(3), "turned.jpg": testmodel.Turned(3, 6), "notes.jpg": []byte("no image")} {
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	for _, name := range []string{"3.jpg", "turned.jpg", "notes.jpg"} {
		files = append(files, filepath.Join(dir, name))
	}
	plain, turned := classifyAlone(t, s, classify.FromBytes(testmodel.JPEG(3))), classifyAlone(t, s, classify.FromBytes(testmodel.Turned(3, 6)))
	b := browser.Open(t, 2*time.Minute)
	b.Watch(t, url)
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			name := fmt.Sprintf("page-%d-%s", width, scheme)
			t.Run(name, func(t *testing.T) {
				b.Show(t, url+"/", width, scheme)
				must(t, chromedp.Do(b, chromedp.SetUploadFiles("#file", files)))
				must(t, chromedp.Do(b, chromedp.SendKeys("#token", "open sesame\r")))
				want := []string{"notes.jpg: ", "turned.jpg: " + turned.Class + ", ", "3.jpg: " + plain.Class + ", "}
				got := b.Ask(t, cardTexts)
				for end := time.Now().Add(20 * time.Second); !hasPrefixes(got, want) && time.Now().Before(end); got = b.Ask(t, cardTexts) {
					time.Sleep(100 * time.Millisecond)
				}
				if !hasPrefixes(got, want) || !strings.HasSuffix(got[0], "0 bars, failed") || !strings.HasSuffix(got[2], "7 bars") {
					t.Errorf("got cards %q, want %q with 7 bars per image", got, want)
				}
				for _, trouble := range b.Problems(t) {
					// The browser reports responses with status 401 and 415, and that notes.jpg is not an image.
					if !strings.Contains(trouble, "Failed to load resource") && !strings.Contains(trouble, "not decoded") {
						t.Error(trouble)
					}
				}
				b.Keep(t, name)
			})
		}
	}
}

// hasPrefixes reports whether each text is complete and has the wanted prefix.
func hasPrefixes(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for i, g := range got {
		if !strings.HasPrefix(g, want[i]) || strings.Contains(g, "…") {
			return false
		}
	}
	return true
}
