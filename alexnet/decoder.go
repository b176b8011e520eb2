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
	preprocessing Preprocessing
	graph         Decoding
	session       *tfgraph.Session
}

// NewDecoder opens a session on the decoding graph of c. The caller closes it.
// It computes on the CPU whatever options say, so that pictures are the same
// wherever the network runs.
func NewDecoder(c Preprocessing, options tfgraph.Options) (*Decoder, error) {
	if err := c.validateImage(); err != nil {
		return nil, err
	}
	root := op.NewScope()
	graph := c.BuildDecoding(root)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return nil, err
	}
	options.Inline = true // the caller has a goroutine for each picture
	options.Device = tfgraph.CPU
	session, err := tfgraph.Open(def, options)
	if err != nil {
		return nil, err
	}
	return &Decoder{preprocessing: c, graph: graph, session: session}, nil
}

// View says how one encoded picture is to be seen.
type ImageInfo struct {
	Orientation   int  // EXIF tag 0x0112; taken for 1 outside 1…8 and where the contract applies none
	Flipped       bool // from right to left, once upright
	Width, Height int  // as stored; 0 where not known, and then nothing is shrunk while it is decoded
}

// mirrored gives for EXIF orientations 1…8 the one that is its mirror image.
var flippedOrientation = [9]int{1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 7: 8, 8: 7}

// orientation is the one to turn a picture by.
func (v ImageInfo) orientation(applied bool) int {
	o := v.Orientation
	if o < 1 || o > 8 || !applied {
		o = 1
	}
	if v.Flipped {
		return flippedOrientation[o]
	}
	return o
}

// Decode writes the picture [Size,Size,3] into the slice of that length.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, view ImageInfo, into []float32) error {
	contents, err := tfgraph.Strings([][]byte{encoded})
	if err != nil {
		return err
	}
	defer contents.Close()
	turn, err := tfgraph.Scalar(int32(view.orientation(d.preprocessing.Orientation)))
	if err != nil {
		return err
	}
	defer turn.Close()
	feeds := tfgraph.Feeds{d.graph.Contents: contents, d.graph.Orientation: turn}
	out, err := d.session.Run(ctx, feeds, []tf.Output{d.graph.pick(d.preprocessing, encoded, view)})
	if err != nil {
		return err // input says which picture
	}
	defer tfgraph.CloseAll(out)
	pixels := tfgraph.Data[float32](out[0])
	if len(into) != len(pixels) {
		return fmt.Errorf("decode picture: got room for %d values, want %d", len(into), len(pixels))
	}
	copy(into, pixels)
	return nil
}

// Close frees the session.
func (d *Decoder) Close() error { return d.session.Close() }
