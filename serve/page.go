package serve

import (
	"embed"
	"net/http"
	"strconv"
)

//go:embed page/page.*
var pageFiles embed.FS

// pageFile is a file of the page.
type pageFile struct{ name, kind string }

// pages are the page's files by path.
var pages = map[string]pageFile{
	"/{$}":      {"page.html", "text/html; charset=utf-8"},
	"/page.css": {"page.css", "text/css; charset=utf-8"},
	"/page.js":  {"page.js", "text/javascript; charset=utf-8"},
	"/page.svg": {"page.svg", "image/svg+xml"},
}

// contentSecurityPolicy lets the page load only its own files and show images that the user selected.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (f pageFile) serve(w http.ResponseWriter, r *http.Request) error {
	text, err := pageFiles.ReadFile("page/" + f.name)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(text) // the client may have disconnected
	return nil
}
