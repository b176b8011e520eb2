package alexnet

import (
	"context"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Decoder runs a contract's decoding graph; safe for concurrent use.
type Decoder struct {
	contract Contract
	graph    Decoding
	session  *tfgraph.Session
}

// NewDecoder opens a session on the decoding graph of c. The caller closes it.
func NewDecoder(c Contract, options tfgraph.Options) (*Decoder, error) {
	if err := c.validatePicture(); err != nil {
		return nil, err
	}
	root := op.NewScope()
	graph := c.Build(root)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return nil, err
	}
	options.Inline = true // the caller has a goroutine for each picture
	session, err := tfgraph.Open(def, options)
	if err != nil {
		return nil, err
	}
	return &Decoder{contract: c, graph: graph, session: session}, nil
}

// Decode writes the picture [Size,Size,3] into the slice of that length.
// orientation is the EXIF tag's value, 1 where there is none; a contract that
// does not apply orientations ignores it.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, orientation int, into []float32) error {
	return d.run(ctx, encoded, orientation, d.graph.Picture, func(t *tfgraph.Tensor) error {
		pixels := tfgraph.Data[float32](t)
		if len(into) != len(pixels) {
			return fmt.Errorf("decode picture: got room for %d values, want %d", len(into), len(pixels))
		}
		copy(into, pixels)
		return nil
	})
}

// Check decodes the picture's bytes and throws the pixels away.
func (d *Decoder) Check(ctx context.Context, encoded []byte) error {
	return d.run(ctx, encoded, 1, d.graph.Pixels, func(*tfgraph.Tensor) error { return nil })
}

func (d *Decoder) run(ctx context.Context, encoded []byte, orientation int, fetch tf.Output, use func(*tfgraph.Tensor) error) error {
	if orientation < 1 || orientation > 8 || !d.contract.Orientation {
		orientation = 1
	}
	contents, err := tfgraph.Strings([][]byte{encoded})
	if err != nil {
		return err
	}
	defer contents.Close()
	turn, err := tfgraph.Scalar(int32(orientation))
	if err != nil {
		return err
	}
	defer turn.Close()
	feeds := tfgraph.Feeds{d.graph.Contents: contents, d.graph.Orientation: turn}
	out, err := d.session.Run(ctx, feeds, []tf.Output{fetch})
	if err != nil {
		return err // input says which picture
	}
	defer tfgraph.CloseAll(out)
	return use(out[0])
}

// Close frees the session.
func (d *Decoder) Close() error { return d.session.Close() }
