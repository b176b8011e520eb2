package alexnet

import (
	"context"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Decoder runs the decoding graph of a [Preprocessing]. It is safe for concurrent use.
type Decoder struct {
	preprocessing Preprocessing
	graph         Decoding
	session       *tfgraph.Session
}

// NewDecoder opens a session on the decoding graph of p. The caller closes it. It
// always runs on the CPU, so that pixels do not depend on the network's device.
func NewDecoder(p Preprocessing, options tfgraph.Options) (*Decoder, error) {
	if err := p.validateImage(); err != nil {
		return nil, err
	}
	root := op.NewScope()
	graph := p.buildDecoding(root)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return nil, err
	}
	options.Inline = true // the caller has a goroutine per image
	options.Device = tfgraph.CPU
	session, err := tfgraph.Open(def, options)
	if err != nil {
		return nil, err
	}
	return &Decoder{preprocessing: p, graph: graph, session: session}, nil
}

// flippedOrientation maps EXIF orientations 1…8 to their horizontal flips.
var flippedOrientation = [9]int{1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 7: 8, 8: 7}

// orientation is the EXIF orientation to undo, with the draw's flip: values outside 1…8 mean 1.
func (p Preprocessing) orientation(ex input.Example, draw uint64) int {
	o := ex.Orientation
	if o < 1 || o > 8 || !p.Orientation {
		o = 1
	}
	if draw&input.Flipped != 0 {
		return flippedOrientation[o]
	}
	return o
}

// Decode writes the image [Size,Size,3] to into, a slice of that length, with the draw of its augmentation (see
// [input.Pick]). It reads only ex.Header, whose width and height may be 0 if unknown. An image that TensorFlow cannot
// decode is an [input.ErrDamaged]; failures that an intact image can cause too, such as running out of memory, are not.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
	contents, err := tfgraph.Strings([][]byte{encoded})
	if err != nil {
		return err
	}
	defer contents.Close()
	orientation, err := tfgraph.Scalar(int32(d.preprocessing.orientation(ex, draw)))
	if err != nil {
		return err
	}
	defer orientation.Close()
	feeds := tfgraph.Feeds{d.graph.Contents: contents, d.graph.Orientation: orientation}
	out, err := d.session.Run(ctx, feeds, []tf.Output{d.graph.pick(d.preprocessing, encoded, ex.Header)})
	if message := tfgraph.BadInput(err); message != "" {
		return fmt.Errorf("%w: %s", input.ErrDamaged, message)
	}
	if err != nil {
		return err // package input adds the path
	}
	defer tfgraph.CloseAll(out)
	pixels := tfgraph.Data[float32](out[0])
	if len(into) != len(pixels) {
		return fmt.Errorf("decode image: got room for %d values, want %d", len(into), len(pixels))
	}
	copy(into, pixels)
	return nil
}

// Loader decodes examples into batches of network inputs, float32 [N,Size,Size,3].
func (d *Decoder) Loader(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	return d.preprocessing.Loader(d.Decode, examples, batch)
}

// Loader is [Decoder.Loader] with another function in place of [Decoder.Decode].
func (p Preprocessing) Loader(decode func(context.Context, []byte, input.Example, uint64, []float32) error, examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	side := int64(p.Size)
	return &input.Loader[*tfgraph.Tensor]{
		Examples: examples,
		Batch:    batch,
		Ahead:    2,
		Alloc: func(rows int) (*tfgraph.Tensor, error) {
			return tfgraph.Allocate(tf.Float, int64(rows), side, side, 3)
		},
		Decode: decode,
	}
}

// Close frees the session.
func (d *Decoder) Close() error { return d.session.Close() }
