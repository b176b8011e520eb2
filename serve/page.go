package serve

import (
	_ "embed"
	"net/http"
	"strconv"
)

// static is a file of the page.
type static struct {
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

// pages are the page's files by path; it needs nothing from elsewhere.
var pages = map[string]static{
	"/{$}":      {"text/html; charset=utf-8", pageHTML},
	"/page.css": {"text/css; charset=utf-8", pageCSS},
	"/page.js":  {"text/javascript; charset=utf-8", pageJS},
	"/page.svg": {"image/svg+xml", pageSVG},
}

// The page may load its own files and show the pictures that it was given,
// nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (f static) serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(f.text)))
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(f.text) // who has left does not read it
	return nil
}
