package alexnet

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// BuildAlone adds a decoding graph that needs no [Decoder]: Orientation is the EXIF
// value as it comes, any other than 1…8 taken for 1, and a contract that applies
// none ignores it; and what DecodeFast shrinks is chosen within the graph. It gives
// the pixels that a Decoder does.
func (c Preprocessing) BuildStandaloneDecoding(s *op.Scope) Decoding {
	d := Decoding{
		Contents:    tfgraph.Placeholder(s, "contents", tf.String, tf.ScalarShape()),
		Orientation: tfgraph.Placeholder(s, "orientation", tf.Int32, tf.ScalarShape()),
	}
	if s.Err() != nil {
		return d
	}
	turn := c.appliedOrientation(s.SubScope("applied"), d.Orientation)
	if c.Decode == DecodeFast {
		d.Image = c.fastDecoded(s.SubScope("fast"), d.Contents, turn)
	} else {
		d.Image = c.image(s, decodeImage(s, d.Contents), turn)
	}
	return d
}

// applied is the orientation to turn a picture by, see [View].
func (c Preprocessing) appliedOrientation(s *op.Scope, orientation tf.Output) tf.Output {
	first, last := tfgraph.Const(s, "first", int32(1)), tfgraph.Const(s, "last", int32(8))
	if !c.Orientation {
		return first
	}
	known := op.LogicalAnd(s, op.GreaterEqual(s, orientation, first), op.LessEqual(s, orientation, last))
	return op.Select(s, known, orientation, first)
}

// fast chooses by the size as pick does, without control flow: every decoder runs,
// but all save the chosen one on a picture of a single pixel.
func (c Preprocessing) fastDecoded(s *op.Scope, contents, turn tf.Output) tf.Output {
	pixel := tfgraph.Const(s, "pixel", onePixelJPEG())
	choice := c.ratioIndex(s.SubScope("choice"), contents, pixel)
	pictures := make([]tf.Output, 1+len(ratios))
	for i := range pictures {
		s := s.SubScope(fmt.Sprintf("choice%d", i))
		chosen := op.Select(s, op.Equal(s, choice, tfgraph.Const(s, "number", int32(i))), contents, pixel)
		if i == 0 {
			pictures[i] = c.image(s, decodeImage(s, chosen), turn)
		} else {
			pictures[i] = c.image(s, decodeShrunk(s, chosen, ratios[i-1]), turn)
		}
	}
	if s.Err() != nil {
		return tf.Output{}
	}
	return op.GatherV2(s, op.Pack(s, pictures), choice, tfgraph.Const(s, "axis", int32(0)))
}

// choice is how many of the ratios a JPEG is large enough for; 0 for what is none.
func (c Preprocessing) ratioIndex(s *op.Scope, contents, pixel tf.Output) tf.Output {
	start := op.Substr(s, contents, tfgraph.Const(s, "from", int32(0)), tfgraph.Const(s, "length", int32(2)))
	isJPEG := op.Equal(s, start, tfgraph.Const(s, "jpeg", "\xff\xd8"))
	shape := op.ExtractJpegShape(s, op.Select(s, isJPEG, contents, pixel)) // height, width, channels
	sides := op.Slice(s, shape, tfgraph.Const(s, "begin", []int32{0}), tfgraph.Const(s, "size", []int32{2}))
	all := tfgraph.Const(s, "all", []int32{0})
	least := make([]int32, len(ratios))
	for i, ratio := range ratios {
		least[i] = int32(ratio * c.resized())
	}
	enough := op.GreaterEqual(s, op.Min(s, sides, all), tfgraph.Const(s, "least", least))
	return op.Sum(s, op.Cast(s, enough, tf.Int32), all)
}

// onePixel is the smallest picture, as JPEG.
func onePixelJPEG() string {
	var buf bytes.Buffer
	_ = jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 1, 1)), nil) // a buffer takes everything
	return buf.String()
}
