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
	"escape":  escape,
}).Parse(cardText))

// escapes replaces what Markdown viewers interpret. Entities are used where older viewers do not support the backslash.
var escapes = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "~", "&#126;", "$", "&#36;", "://", "&#58;//", "www.", "www&#46;",
	"\n", " ", "\r", " ", "\t", " ")

// escape returns text that a Markdown viewer shows literally, in one line.
func escape(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, escapes.Replace(text))
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
