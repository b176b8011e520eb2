package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
)

// Where things stand in the folder. TensorFlow leaves assets.extra to whoever writes
// the model.
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

// parts are the files that make the model; the cards only speak of it.
var parts = []string{graphFile, classesPath, indexFile, dataFile}

// Card is the model card for programs, assets.extra/model.json.
type Card struct {
	Format      int             `json:"format"`
	Fingerprint string          `json:"fingerprint"` // sha256 over Files and what of Checkpoint the pixels and layers follow from
	Files       []File          `json:"files"`
	Versions    Versions        `json:"versions"`
	Signatures  []Signature     `json:"signatures"`
	Checkpoint  checkpoint.Meta `json:"checkpoint"` // what the model was written from; the run's settings are in it
	Evaluation  *Evaluation     `json:"evaluation,omitempty"`
	Use         string          `json:"intended_use"`
	Limits      []string        `json:"limits"`
	Licence     string          `json:"weights_licence"`

	description alexnet.Description // decoded from Checkpoint.Model
}

// format is the one that this package writes and reads.
const format = 1

// File is a part of the model by its path in the folder.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Versions are of the programs that wrote the model.
type Versions struct {
	Alexnet    string `json:"alexnet"`
	TensorFlow string `json:"tensorflow"`
}

// Evaluation is a report on the exported model, in float32, and the dataset it was measured on.
type Evaluation struct {
	Data string `json:"data"`
	eval.Report
}

const (
	use     = "To tell photographs of the classes named here apart, where they are like those that it was trained on."
	licence = "unknown: it depends on the weights and the photographs that training began with"
)

// limits says what a user has to know of the model's inputs and answers.
func limits(p alexnet.Preprocessing) []string {
	orientation := "serving_default and features take pictures as they are stored, since TensorFlow reads no EXIF: " +
		"a photograph that says it is turned is seen turned. The signature oriented takes the EXIF orientation of each picture, 1 to 8, and turns it upright, as training did."
	if !p.Orientation {
		orientation = "Pictures are taken as they are stored, whatever their EXIF orientation says, as in training; the signature oriented pays no heed to the values that it takes."
	}
	return []string{
		"It answers with one of its classes for every picture, also for one of something else.",
		"A probability is the softmax of the network's last layer; whether it is calibrated was not examined.",
		orientation,
		"JPEG, PNG, GIF (the first frame) and BMP are read. Of BMP, TensorFlow reads those with a palette wrongly and refuses some others: convert them before.",
		"One picture that cannot be decoded fails the whole request.",
	}
}

// preprocessing says in words what the graph does to a picture.
func preprocessing(c alexnet.Preprocessing) string {
	resize := fmt.Sprintf("resized to %dx%d whatever its ratio", c.Size, c.Size)
	if c.Resize == "crop" {
		resize = fmt.Sprintf("resized to %dx%d whatever its aspect ratio, of which the center %dx%d is taken", c.CropFrom, c.CropFrom, c.Size, c.Size)
	}
	exact := ""
	if c.Decode != "" {
		exact = " A JPEG at least twice too large is shrunk while it is decoded."
	}
	return fmt.Sprintf("Decoded to RGB, %s (bilinear, without antialiasing), minus the mean %g, channels in the order %s.%s", resize, c.MeanRGB, c.Channels, exact)
}

// describe takes down the files in dir and makes the fingerprint.
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

func hashFile(dir, path string) (File, error) {
	f, _, err := openPart(dir, path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return File{path, n, hex.EncodeToString(h.Sum(nil))}, err
}

// sum is the fingerprint.
func (c *Card) sum() string {
	h := sha256.New()
	// Neither can fail: both are plain data.
	_ = json.NewEncoder(h).Encode(c.Files)
	_ = json.NewEncoder(h).Encode(c.description)
	return hex.EncodeToString(h.Sum(nil))
}

// classLines are the class names, one a line, whatever is in them.
func classLines(classes []string) []byte {
	plain := strings.NewReplacer("\n", " ", "\r", " ")
	var b strings.Builder
	for _, c := range classes {
		b.WriteString(plain.Replace(c) + "\n")
	}
	return []byte(b.String())
}
