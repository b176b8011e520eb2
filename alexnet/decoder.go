package alexnet

import (
	"context"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Decoder runs the decoding graph of a [Preprocessing]. It is safe for concurrent
// use.
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
	graph := p.BuildDecoding(root)
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

// ImageInfo tells a [Decoder] about one encoded image.
type ImageInfo struct {
	Orientation   int  // EXIF tag 0x0112; values outside 1…8 mean 1, as does any where orientation is not applied
	Flipped       bool // horizontally, once upright
	Width, Height int  // as stored; 0 if unknown, which disables shrinking while decoding
}

// flippedOrientation maps EXIF orientations 1…8 to their horizontal flips.
var flippedOrientation = [9]int{1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 7: 8, 8: 7}

// orientation is the EXIF orientation to undo.
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

// Decode writes the image [Size,Size,3] to into, a slice of that length.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, info ImageInfo, into []float32) error {
	contents, err := tfgraph.Strings([][]byte{encoded})
	if err != nil {
		return err
	}
	defer contents.Close()
	orientation, err := tfgraph.Scalar(int32(info.orientation(d.preprocessing.Orientation)))
	if err != nil {
		return err
	}
	defer orientation.Close()
	feeds := tfgraph.Feeds{d.graph.Contents: contents, d.graph.Orientation: orientation}
	out, err := d.session.Run(ctx, feeds, []tf.Output{d.graph.pick(d.preprocessing, encoded, info)})
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

// Close frees the session.
func (d *Decoder) Close() error { return d.session.Close() }
