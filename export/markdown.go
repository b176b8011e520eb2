package export

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"unicode"

	"alexnet/internal/display"
)

//go:embed card.md
var cardText string

var cardTemplate = template.Must(template.New("card").Funcs(template.FuncMap{
	"percent": display.PercentOrDash,
	"plain":   plain,
}).Parse(cardText))

// marks are what a viewer of Markdown takes for something else than letters. Old ones
// know a backslash before fewer signs than new ones do, and an entity before any.
var marks = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "~", "&#126;", "$", "&#36;", "://", "&#58;//", "www.", "www&#46;",
	"\n", " ", "\r", " ", "\t", " ")

// plain is text that a viewer of Markdown shows as it is, in one line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, marks.Replace(text))
}

// markdown is the model card for people.
func (c *Card) markdown() ([]byte, error) {
	var run struct {
		Data        string `json:"data"`
		Fingerprint string `json:"data_fingerprint"`
	}
	var settings bytes.Buffer
	if len(c.Checkpoint.Config) > 0 {
		if err := json.Unmarshal(c.Checkpoint.Config, &run); err != nil {
			return nil, fmt.Errorf("write model card: %w", err)
		}
		if err := json.Indent(&settings, c.Checkpoint.Config, "", "  "); err != nil {
			return nil, fmt.Errorf("write model card: %w", err)
		}
	}
	var out bytes.Buffer
	err := cardTemplate.Execute(&out, map[string]any{
		"Card": c, "Meta": c.Checkpoint, "Classes": c.description.Preprocessing.Classes, "Preprocessing": preprocessing(c.description.Preprocessing),
		"Data": run.Data, "DataFingerprint": run.Fingerprint, "Settings": settings.String(), "Default": DefaultSignature,
	})
	return out.Bytes(), err
}
