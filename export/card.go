package export

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"unicode"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/internal/display"
	"alexnet/internal/pretrained"
)

// Paths in the directory. TensorFlow leaves assets.extra to the program that writes the model.
const (
	graphFile     = "saved_model.pb"
	variablesName = "variables/variables"
	indexFile     = variablesName + ".index"
	dataFile      = variablesName + ".data-00000-of-00001"
	classesFile   = "classes.txt"
	classesPath   = "assets/" + classesFile
	cardFile      = "assets.extra/model.json"
	markdownFile  = "assets.extra/model-card.md"
)

// parts are the files of the model itself.
var parts = []string{graphFile, classesPath, indexFile, dataFile}

// Card is the model card for programs, assets.extra/model.json.
type Card struct {
	Format      int             `json:"format"`
	Fingerprint string          `json:"fingerprint"` // SHA-256 over Files and the model description
	Files       []file          `json:"files"`
	Versions    versions        `json:"versions"`
	Signatures  []Signature     `json:"signatures"`
	Checkpoint  checkpoint.Meta `json:"checkpoint"` // the source; holds the run's settings
	Evaluation  *Evaluation     `json:"evaluation,omitempty"`
	Use         string          `json:"intended_use"`
	Limits      []string        `json:"limits"`
	License     string          `json:"weights_license"`

	description alexnet.Description // decoded from Checkpoint.Model
	settings    settings            // decoded from Checkpoint.Config
}

// format is the version that this package writes and reads.
const format = 1

// file is a file of the model.
type file struct {
	Path   string `json:"path"` // relative to the directory
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// versions are those of the programs that wrote the model.
type versions struct {
	Alexnet    string `json:"alexnet"`
	TensorFlow string `json:"tensorflow"`
}

// Evaluation is a report on the exported model, in float32, and the dataset it was measured on.
type Evaluation struct {
	Data string `json:"data"`
	eval.Report
}

const use = "Classification of images into the classes listed here, for images similar to those that it was trained on."

// settings are those of the run that a card shows by themselves.
type settings struct {
	Data        string                 `json:"data"`
	Fingerprint string                 `json:"data_fingerprint"`
	Weights     *pretrained.Provenance `json:"weights_source"`
}

func parseSettings(config json.RawMessage) (s settings, err error) {
	if len(config) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(config, &s); err != nil {
		return s, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// license says what is known of the license of the weights.
func (s settings) license() string {
	switch {
	case s.Weights == nil:
		return "unknown: it depends on the initial weights and the training images"
	case s.Data == "":
		return s.Weights.License
	}
	return "the initial weights: " + s.Weights.License + "; it depends on the training images too"
}

// limits are what a user has to know about the inputs and predictions.
func limits(p alexnet.Preprocessing) []string {
	orientation := "serving_default and features take images as stored: TensorFlow does not read EXIF orientations. " +
		"The signature oriented takes the EXIF orientation of each image, 1 to 8, and rotates it upright, as in training."
	if !p.Orientation {
		orientation = "Images are taken as stored, as in training; the signature oriented ignores the orientations."
	}
	return []string{
		"Every image is assigned one of the classes, even if it shows something else.",
		"Probabilities are the softmax of the last layer; their calibration was not evaluated.",
		orientation,
		"Formats: JPEG, PNG, GIF (first frame) and BMP. TensorFlow misreads BMP with a palette and refuses some other BMP: convert them first.",
		"One image that cannot be decoded fails the whole request.",
	}
}

// preprocessing describes the preprocessing in words.
func preprocessing(c alexnet.Preprocessing) string {
	resize := fmt.Sprintf("resized to %dx%d regardless of aspect ratio", c.Size, c.Size)
	switch c.Resize {
	case alexnet.Crop:
		resize = fmt.Sprintf("resized to %dx%d regardless of aspect ratio and cropped to the center %dx%d", c.CropFrom, c.CropFrom, c.Size, c.Size)
	case alexnet.Center:
		resize = fmt.Sprintf("resized so that the shorter side is %d and cropped to the center %dx%d", c.CropFrom, c.Size, c.Size)
	}
	exact := ""
	if c.Decode != "" {
		exact = " A JPEG at least twice as large is downscaled while it is decoded."
	}
	return fmt.Sprintf("Decoded to RGB, %s (bilinear, without antialiasing), %s.%s", resize, c.Normalization(), exact)
}

// describe lists the files in dir and computes the fingerprint.
func (c *Card) describe(dir string) error {
	for _, path := range parts {
		f, err := hashFile(dir, path)
		if err != nil {
			return err
		}
		c.Files = append(c.Files, f)
	}
	c.Fingerprint = c.sum()
	return nil
}

func hashFile(dir, path string) (file, error) {
	f, _, err := openPart(dir, path)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return file{path, n, hex.EncodeToString(h.Sum(nil))}, err
}

// sum is the fingerprint.
func (c *Card) sum() string {
	h := sha256.New()
	// Neither can fail: both hold strings and finite numbers.
	_ = json.NewEncoder(h).Encode(c.Files)
	_ = json.NewEncoder(h).Encode(c.description)
	return hex.EncodeToString(h.Sum(nil))
}

// classLines are the class names, one per line, with line breaks replaced.
func classLines(classes []string) []byte {
	oneLine := strings.NewReplacer("\n", " ", "\r", " ")
	var b strings.Builder
	for _, c := range classes {
		b.WriteString(oneLine.Replace(c) + "\n")
	}
	return []byte(b.String())
}

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
	var settings bytes.Buffer
	if len(c.Checkpoint.Config) > 0 {
		if err := json.Indent(&settings, c.Checkpoint.Config, "", "  "); err != nil {
			return nil, fmt.Errorf("write model card: %w", err)
		}
	}
	var out bytes.Buffer
	err := cardTemplate.Execute(&out, map[string]any{
		"Card": c, "Meta": c.Checkpoint, "Classes": c.description.Preprocessing.Classes, "Preprocessing": preprocessing(c.description.Preprocessing),
		"Run": c.settings, "Settings": settings.String(), "Default": DefaultSignature,
	})
	return out.Bytes(), err
}
