package export

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"

	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

const (
	// tolerance is the largest difference of a probability between an export and its source.
	tolerance = 1e-5
	// compareBatch is how many images are compared in one run.
	compareBatch = 16
)

// Reference is the model that an export is compared with.
type Reference struct {
	Examples []input.Example // images to compare on, besides generated ones
	Limits   input.Limits    // on each image

	Preprocessing alexnet.Preprocessing

	// Predict returns the probabilities of at most 16 examples by label. It runs them as one batch, since kernels
	// round by batch size.
	Predict func(ctx context.Context, examples []input.Example) ([][]float32, error)
}

// Comparison is the result of comparing an export with its source.
type Comparison struct {
	Images        int
	MaxDifference float64 // of a probability
}

// compare loads the SavedModel in dir as other programs do and compares its predictions with the reference's.
func (r *Reference) compare(ctx context.Context, dir string) (Comparison, error) {
	generated, err := os.MkdirTemp("", "alexnet")
	if err != nil {
		return Comparison{}, err
	}
	defer os.RemoveAll(generated)
	examples, err := testImages(generated)
	if err != nil {
		return Comparison{}, fmt.Errorf("generate test images: %w", err)
	}
	session, text, err := tfgraph.LoadSavedModel(dir, onCPU)
	if err != nil {
		return Comparison{}, err
	}
	defer session.Close()
	var meta pb.MetaGraphDef
	if err := proto.Unmarshal(text, &meta); err != nil {
		return Comparison{}, fmt.Errorf("load SavedModel %q: %w", dir, err)
	}
	c := comparison{reference: r, session: session, signatures: meta.SignatureDef}
	for chunk := range slices.Chunk(append(examples, r.Examples...), compareBatch) {
		want, err := r.Predict(ctx, chunk)
		if err != nil {
			return Comparison{}, err
		}
		for _, signature := range []string{OrientedSignature, DefaultSignature} {
			if err := c.compare(ctx, signature, chunk, want); err != nil {
				return Comparison{}, fmt.Errorf("compare signature %s with the source: %w", signature, err)
			}
		}
		c.Images += len(chunk)
	}
	return c.Comparison, nil
}

// comparison runs the SavedModel as other programs do: loaded by TensorFlow, by its signatures.
type comparison struct {
	Comparison
	reference  *Reference
	session    *tfgraph.Session
	signatures map[string]*pb.SignatureDef
}

// compare runs one signature. The default one ignores EXIF orientations, so rotated images are not compared by it if
// the source applies them.
func (c *comparison) compare(ctx context.Context, signature string, examples []input.Example, want [][]float32) error {
	inputs, err := encodedInputs(examples, c.reference.Limits)
	if err != nil {
		return err
	}
	defer closeTensors(inputs)
	out, err := c.run(ctx, signature, inputs)
	if err != nil {
		return err
	}
	defer closeTensors(out)
	predicted := tfgraph.StringData(out["class"])
	for i, ex := range examples {
		if signature == DefaultSignature && ex.Orientation != 1 && c.reference.Preprocessing.Orientation {
			continue
		}
		probabilities := out["probabilities"].Row(i)
		for label, p := range probabilities {
			difference := math.Abs(float64(p) - float64(want[i][label]))
			if !(difference <= tolerance) {
				return fmt.Errorf("%s: got probability %g of %q, want %g", ex.Path, p, c.reference.Preprocessing.Classes[label], want[i][label])
			}
			c.MaxDifference = max(c.MaxDifference, difference)
		}
		best := c.reference.Preprocessing.Classes[slices.Index(probabilities, slices.Max(probabilities))]
		if predicted[i] != best {
			return fmt.Errorf("%s: got class %q, want %q", ex.Path, predicted[i], best)
		}
	}
	return nil
}

// encodedInputs are the examples as inputs of the signatures.
func encodedInputs(examples []input.Example, limits input.Limits) (map[string]*tfgraph.Tensor, error) {
	encoded, orientations := make([][]byte, len(examples)), make([]int32, len(examples))
	for i, ex := range examples {
		var err error
		if encoded[i], _, err = input.Read(ex, limits); err != nil {
			return nil, err
		}
		orientations[i] = int32(ex.Orientation)
	}
	images, err := tfgraph.Strings(encoded, int64(len(examples)))
	if err != nil {
		return nil, err
	}
	turns, err := tfgraph.Of(orientations, int64(len(examples)))
	if err != nil {
		images.Close()
		return nil, err
	}
	return map[string]*tfgraph.Tensor{"images": images, "orientations": turns}, nil
}

func closeTensors(tensors map[string]*tfgraph.Tensor) {
	for _, t := range tensors {
		t.Close()
	}
}

// run returns all outputs of a signature by name. The caller closes them.
func (c *comparison) run(ctx context.Context, signature string, inputs map[string]*tfgraph.Tensor) (map[string]*tfgraph.Tensor, error) {
	feeds := map[string]*tfgraph.Tensor{}
	for name, info := range c.signatures[signature].GetInputs() {
		feeds[info.GetName()] = inputs[name]
	}
	var names, fetches []string
	for name, info := range c.signatures[signature].GetOutputs() {
		names, fetches = append(names, name), append(fetches, info.GetName())
	}
	out, err := c.session.RunNamed(ctx, feeds, fetches...)
	if err != nil {
		return nil, err
	}
	outputs := map[string]*tfgraph.Tensor{}
	for i, name := range names {
		outputs[name] = out[i]
	}
	return outputs, nil
}

// testImages generates images to compare models on: a JPEG, a PNG, and a JPEG whose EXIF orientation is not 1.
func testImages(dir string) ([]input.Example, error) {
	var upright, lossless bytes.Buffer
	if err := jpeg.Encode(&upright, testImage(320, 240), nil); err != nil {
		return nil, err
	}
	if err := png.Encode(&lossless, testImage(90, 130)); err != nil {
		return nil, err
	}
	const quarterTurn = 6
	var paths []string
	for _, f := range []struct {
		name  string
		bytes []byte
	}{{"generated.jpg", upright.Bytes()}, {"generated.png", lossless.Bytes()}, {"rotated.jpg", withOrientation(upright.Bytes(), quarterTurn)}} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.bytes, 0o644); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	examples, excluded := input.FindImages(paths, nil, input.Options{})
	if len(excluded) > 0 {
		return nil, fmt.Errorf("%v", excluded[0])
	}
	return examples, nil
}

// testImage has a color gradient and edges.
func testImage(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			edge := uint8(x / 16 % 2 * (y / 24 % 2) * 90)
			img.SetNRGBA(x, y, color.NRGBA{uint8(x*150/w) + edge, uint8(y*150/h) + edge, 120, 255})
		}
	}
	return img
}

// withOrientation adds an EXIF orientation to a JPEG (Exif 2.3 §4.5.4: an APP1 segment with a TIFF header and one
// entry).
func withOrientation(encoded []byte, orientation byte) []byte {
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
	segment := slices.Concat([]byte{0xff, 0xe1, 0, byte(2 + 6 + len(tiff))}, []byte("Exif\x00\x00"), tiff)
	return slices.Insert(slices.Clone(encoded), 2, segment...)
}
