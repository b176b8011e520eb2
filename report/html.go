package report

import (
	"bytes"
	_ "embed" // the page's template and style
	"fmt"
	"html/template"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText string

// page escapes whatever it is given, by the place in the document where it stands.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(styleText) },
}).Parse(pageText))

// HTML is the page as one file.
func (p *Page) HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}
