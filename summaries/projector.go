package summaries

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"strconv"
	"strings"
)

// Embedding is a set of points for TensorBoard's projector.
type Embedding struct {
	Name    string        // of the tensor whose rows are the points: letters, digits and "/", such as "fc7"
	Vectors [][]float32   // all of the same length
	Columns []string      // metadata columns, at least two; the first is the point's label
	Rows    [][]string    // by point and column; tabs and newlines become spaces
	Images  []image.Image // one per point, all of the same size, or none
}

// namedFile is a file name with the file's content.
type namedFile struct {
	Name string
	Data []byte
}

// maxSprite is the maximum side of a texture in browsers.
const maxSprite = 8192

// Files returns the files that the projector reads from the directory of the event files, in the order in which to
// write them: the last one names the others. Vectors have four significant digits.
func (e Embedding) Files() ([]namedFile, error) {
	if err := e.validate(); err != nil {
		return nil, fmt.Errorf("write embedding %q: %w", e.Name, err)
	}
	config := fmt.Sprintf("embeddings {\n  tensor_name: %q\n  tensor_shape: %d\n  tensor_shape: %d\n  tensor_path: %q\n  metadata_path: %q\n",
		e.Name, len(e.Vectors), len(e.Vectors[0]), vectorsFile, metadataFile)
	files := []namedFile{{vectorsFile, e.vectors()}, {metadataFile, e.metadata()}}
	if len(e.Images) > 0 {
		size := e.Images[0].Bounds().Size()
		var sprite bytes.Buffer
		if err := png.Encode(&sprite, grid(0, 0, e.Images...)); err != nil {
			return nil, fmt.Errorf("write embedding %q: %w", e.Name, err)
		}
		files = append(files, namedFile{spriteFile, sprite.Bytes()})
		config += fmt.Sprintf("  sprite {\n    image_path: %q\n    single_image_dim: %d\n    single_image_dim: %d\n  }\n", spriteFile, size.X, size.Y)
	}
	return append(files, namedFile{configFile, []byte(config + "}\n")}), nil
}

const (
	vectorsFile  = "projector-vectors.tsv"
	metadataFile = "projector-metadata.tsv"
	spriteFile   = "projector-sprite.png"
	configFile   = "projector_config.pbtxt"
)

func (e Embedding) validate() error {
	n := len(e.Vectors)
	switch {
	case e.Name == "" || strings.Trim(e.Name, "/_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return errors.New("name: want letters, digits, / and _")
	case n == 0 || len(e.Vectors[0]) == 0:
		return errors.New("got no points")
	case len(e.Columns) < 2:
		return fmt.Errorf("got %d columns, want at least 2", len(e.Columns))
	case len(e.Rows) != n || len(e.Images) != n && len(e.Images) != 0:
		return fmt.Errorf("got %d points, %d rows and %d images, want the same number", n, len(e.Rows), len(e.Images))
	}
	for i := range n {
		if len(e.Vectors[i]) != len(e.Vectors[0]) || len(e.Rows[i]) != len(e.Columns) {
			return fmt.Errorf("point %d: got %d numbers and %d values, want %d and %d", i, len(e.Vectors[i]), len(e.Rows[i]), len(e.Vectors[0]), len(e.Columns))
		}
	}
	if len(e.Images) == 0 {
		return nil
	}
	size, side := e.Images[0].Bounds().Size(), int(math.Ceil(math.Sqrt(float64(n))))
	for i, p := range e.Images {
		if p.Bounds().Size() != size {
			return fmt.Errorf("image %d: got %v pixels, want %v", i, p.Bounds().Size(), size)
		}
	}
	if pixels := side * max(size.X, size.Y); pixels > maxSprite {
		return fmt.Errorf("got a sprite of %d pixels, want at most %d", pixels, maxSprite)
	}
	return nil
}

func (e Embedding) vectors() []byte {
	var text []byte
	for _, vector := range e.Vectors {
		for i, v := range vector {
			if i > 0 {
				text = append(text, '\t')
			}
			text = strconv.AppendFloat(text, float64(v), 'g', 4, 32)
		}
		text = append(text, '\n')
	}
	return text
}

func (e Embedding) metadata() []byte {
	escaper := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	var text strings.Builder
	line := func(values []string) {
		for i, v := range values {
			if i > 0 {
				text.WriteByte('\t')
			}
			escaper.WriteString(&text, v)
		}
		text.WriteByte('\n')
	}
	line(e.Columns)
	for _, row := range e.Rows {
		line(row)
	}
	return []byte(text.String())
}
