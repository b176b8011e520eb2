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
	Name     string        // of the tensor that they are rows of: letters, digits and "/", as in "fc7"
	Vectors  [][]float32   // all of one length
	Columns  []string      // what is known of each point, at least two; the first is what it is called
	Rows     [][]string    // by point and column; tabs and line ends become blanks
	Pictures []image.Image // one a point and all of one size, or none
}

// File is the content of a file by its name.
type File struct {
	Name string
	Data []byte
}

// maxSprite is the side of the largest picture that browsers take for a texture.
const maxSprite = 8192

// Files are what the projector reads in the folder of a run's event files, in the
// order in which they should be written: the last one names the others. The
// numbers have four digits.
func (e Embedding) Files() ([]File, error) {
	if err := e.validate(); err != nil {
		return nil, fmt.Errorf("write embedding %q: %w", e.Name, err)
	}
	config := fmt.Sprintf("embeddings {\n  tensor_name: %q\n  tensor_shape: %d\n  tensor_shape: %d\n  tensor_path: %q\n  metadata_path: %q\n",
		e.Name, len(e.Vectors), len(e.Vectors[0]), vectorsFile, metadataFile)
	files := []File{{vectorsFile, e.vectors()}, {metadataFile, e.metadata()}}
	if len(e.Pictures) > 0 {
		size := e.Pictures[0].Bounds().Size()
		var sprite bytes.Buffer
		if err := png.Encode(&sprite, grid(0, 0, e.Pictures...)); err != nil {
			return nil, fmt.Errorf("write embedding %q: %w", e.Name, err)
		}
		files = append(files, File{spriteFile, sprite.Bytes()})
		config += fmt.Sprintf("  sprite {\n    image_path: %q\n    single_image_dim: %d\n    single_image_dim: %d\n  }\n", spriteFile, size.X, size.Y)
	}
	return append(files, File{configFile, []byte(config + "}\n")}), nil
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
		return errors.New("its name is not of letters and digits")
	case n == 0 || len(e.Vectors[0]) == 0:
		return errors.New("got no points")
	case len(e.Columns) < 2:
		return fmt.Errorf("got %d columns, want at least 2", len(e.Columns))
	case len(e.Rows) != n || len(e.Pictures) != n && len(e.Pictures) != 0:
		return fmt.Errorf("got %d points, %d rows and %d pictures, want as many", n, len(e.Rows), len(e.Pictures))
	}
	for i := range n {
		if len(e.Vectors[i]) != len(e.Vectors[0]) || len(e.Rows[i]) != len(e.Columns) {
			return fmt.Errorf("point %d: got %d numbers and %d values, want %d and %d", i, len(e.Vectors[i]), len(e.Rows[i]), len(e.Vectors[0]), len(e.Columns))
		}
	}
	if len(e.Pictures) == 0 {
		return nil
	}
	size, side := e.Pictures[0].Bounds().Size(), int(math.Ceil(math.Sqrt(float64(n))))
	for i, p := range e.Pictures {
		if p.Bounds().Size() != size {
			return fmt.Errorf("picture %d: got %v pixels, want %v", i, p.Bounds().Size(), size)
		}
	}
	if most := side * max(size.X, size.Y); most > maxSprite {
		return fmt.Errorf("got pictures that are %d pixels side by side, want at most %d", most, maxSprite)
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
	plain := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	var text strings.Builder
	line := func(values []string) {
		for i, v := range values {
			if i > 0 {
				text.WriteByte('\t')
			}
			plain.WriteString(&text, v)
		}
		text.WriteByte('\n')
	}
	line(e.Columns)
	for _, row := range e.Rows {
		line(row)
	}
	return []byte(text.String())
}
