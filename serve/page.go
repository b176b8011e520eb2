package serve

import (
	_ "embed"
	"net/http"
	"strconv"
)

// pageFile is a file of the page.
type pageFile struct {
	kind string
	text []byte
}

var (
	//go:embed page/page.html
	pageHTML []byte
	//go:embed page/page.css
	pageCSS []byte
	//go:embed page/page.js
	pageJS []byte
	//go:embed page/page.svg
	pageSVG []byte
)

// pages are the page's files by path.
var pages = map[string]pageFile{
	"/{$}":      {"text/html; charset=utf-8", pageHTML},
	"/page.css": {"text/css; charset=utf-8", pageCSS},
	"/page.js":  {"text/javascript; charset=utf-8", pageJS},
	"/page.svg": {"image/svg+xml", pageSVG},
}

// contentSecurityPolicy lets the page load only its own files and show images that the user selected.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (f pageFile) serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(f.text)))
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(f.text) // the client may have disconnected
	return nil
}
