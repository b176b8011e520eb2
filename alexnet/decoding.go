package alexnet

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Decoding is the graph from an encoded image to an input of the network.
type Decoding struct {
	Contents    tf.Output   // string scalar: JPEG, PNG, GIF (first frame) or BMP bytes; fed
	Orientation tf.Output   // int32 scalar: EXIF orientation 1…8; 1 unless fed
	Image       tf.Output   // float32 [Size,Size,3]
	shrunk      []tf.Output // with DecodeFast: Image from a JPEG decoded at 1/2, 1/4, 1/8
}

// orientations tells for EXIF orientations 0…8 whether rows and columns are
// exchanged and then which of them are flipped (Exif 2.3, tag 0x0112).
var orientations = [9]struct{ transpose, flipRows, flipColumns bool }{
	0: {}, 1: {},
	2: {flipColumns: true},
	3: {flipRows: true, flipColumns: true},
	4: {flipRows: true},
	5: {transpose: true},
	6: {transpose: true, flipColumns: true},
	7: {transpose: true, flipRows: true, flipColumns: true},
	8: {transpose: true, flipRows: true},
}

// buildDecoding adds the graph that a [Decoder] runs.
func (p Preprocessing) buildDecoding(s *op.Scope) Decoding {
	d := Decoding{
		Contents:    tfgraph.Placeholder(s, "contents", tf.String, tf.ScalarShape()),
		Orientation: tfgraph.PlaceholderWithDefault(s, "orientation", int32(1), tf.ScalarShape()),
	}
	if s.Err() != nil {
		return d
	}
	d.Image = p.image(s, decodeImage(s, d.Contents), d.Orientation)
	if p.Decode == DecodeFast {
		for _, ratio := range ratios {
			s := s.SubScope(fmt.Sprintf("shrunk%d", ratio))
			d.shrunk = append(d.shrunk, p.image(s, decodeShrunk(s, d.Contents, ratio), d.Orientation))
		}
	}
	return d
}

// ratios are the factors by which libjpeg can shrink while it decodes.
var ratios = []int{2, 4, 8}

func decodeImage(s *op.Scope, contents tf.Output) tf.Output {
	return op.DecodeImage(s, contents, op.DecodeImageChannels(3), op.DecodeImageExpandAnimations(false))
}

func decodeShrunk(s *op.Scope, contents tf.Output, ratio int) tf.Output {
	return op.DecodeJpeg(s, contents, op.DecodeJpegChannels(3), op.DecodeJpegRatio(int64(ratio)))
}

// image turns decoded pixels into an input of the network.
func (p Preprocessing) image(s *op.Scope, pixels, orientation tf.Output) tf.Output {
	upright := orient(s.SubScope("upright"), pixels, orientation)
	batch := p.Normalize(s, op.ExpandDims(s, upright, tfgraph.Const(s, "batch", int32(0))))
	return op.Reshape(s, batch, tfgraph.Const(s, "image", []int32{int32(p.Size), int32(p.Size), 3}))
}

// Normalize turns upright images of one size, [N,H,W,3] RGB from 0 to 255, into
// the network's input, float32 [N,Size,Size,3].
func (p Preprocessing) Normalize(s *op.Scope, images tf.Output) tf.Output {
	return p.normalize(s.SubScope("normalize"), p.resize(s.SubScope("resize"), images))
}

// NormalizeResized is [Preprocessing.Normalize] of images that have the network's size already.
func (p Preprocessing) NormalizeResized(s *op.Scope, images tf.Output) tf.Output {
	return p.normalize(s.SubScope("normalize"), images)
}

// pick returns the output to run for the encoded bytes: the smallest that is
// still at least as large as the size to resize to.
func (d Decoding) pick(p Preprocessing, encoded []byte, header input.Header) tf.Output {
	best := d.Image
	if !bytes.HasPrefix(encoded, []byte("\xff\xd8")) { // only JPEG is shrunk
		return best
	}
	for i, shrunk := range d.shrunk {
		if min(header.Width, header.Height)/ratios[i] >= p.resizedSide() {
			best = shrunk
		}
	}
	return best
}

// orient turns the image upright without control flow: the orientation selects a
// row of a table of transpositions and one of a table of flips.
func orient(s *op.Scope, pixels, orientation tf.Output) tf.Output {
	var perms [9][3]int32
	var flips [9][3]bool
	for i, o := range orientations {
		perms[i] = [3]int32{0, 1, 2}
		if o.transpose {
			perms[i] = [3]int32{1, 0, 2}
		}
		flips[i] = [3]bool{o.flipRows, o.flipColumns, false}
	}
	axis := tfgraph.Const(s, "axis", int32(0))
	perm := op.GatherV2(s.SubScope("perm"), tfgraph.Const(s, "perms", perms), orientation, axis)
	flip := op.GatherV2(s.SubScope("flip"), tfgraph.Const(s, "flips", flips), orientation, axis)
	return op.Reverse(s, op.Transpose(s, pixels, perm), flip)
}

// resize is TensorFlow's legacy bilinear interpolation, which samples at pixel corners and does not antialias.
func (p Preprocessing) resize(s *op.Scope, images tf.Output) tf.Output {
	if p.Resize == Center {
		return p.resizeCenter(s, images)
	}
	side := p.resizedSide()
	x := op.ResizeBilinear(s, images, tfgraph.Const(s, "size", []int32{int32(side), int32(side)}))
	margin, size := int32(side-p.Size)/2, int32(p.Size)
	return op.Slice(s, x, tfgraph.Const(s, "begin", []int32{0, margin, margin, 0}),
		tfgraph.Const(s, "extent", []int32{-1, size, size, 3}))
}

// MaxAspect is the largest aspect ratio that Center resizes: of a longer image it takes the middle first, so that a line
// of pixels does not become an image of gigabytes.
const MaxAspect = 8

// resizeCenter resizes to a shorter side of CropFrom, the longer one rounded down, and crops the center.
func (p Preprocessing) resizeCenter(s *op.Scope, images tf.Output) tf.Output {
	images = cropCenter(s.SubScope("middle"), images, func(s *op.Scope, sides, shorter tf.Output) tf.Output {
		return op.Minimum(s, sides, op.Mul(s, shorter, tfgraph.Const(s, "aspect", int32(MaxAspect))))
	})
	sides, shorter := imageSides(s.SubScope("sides"), images)
	size := op.Div(s, op.Mul(s, sides, tfgraph.Const(s, "from", int32(p.CropFrom))), shorter)
	return cropCenter(s.SubScope("center"), op.ResizeBilinear(s, images, size), func(s *op.Scope, _, _ tf.Output) tf.Output {
		return tfgraph.Const(s, "size", []int32{int32(p.Size), int32(p.Size)})
	})
}

// imageSides are the height and width of images [N,H,W,3], and the shorter of them.
func imageSides(s *op.Scope, images tf.Output) (both, shorter tf.Output) {
	both = op.Slice(s, op.Shape(s, images), tfgraph.Const(s, "begin", []int32{1}), tfgraph.Const(s, "extent", []int32{2}))
	return both, op.Min(s, both, tfgraph.Const(s, "axis", int32(0)))
}

// cropCenter takes the center of images [N,H,W,3]; extent computes its height and width. As in torchvision's CenterCrop,
// a margin of half a pixel is rounded to even.
func cropCenter(s *op.Scope, images tf.Output, extent func(s *op.Scope, sides, shorter tf.Output) tf.Output) tf.Output {
	from, shorter := imageSides(s.SubScope("sides"), images)
	to := extent(s.SubScope("to"), from, shorter)
	margin := op.Cast(s.SubScope("margin"), op.Sub(s, from, to), tf.Float)
	margin = op.Cast(s, op.Round(s, op.Mul(s, margin, tfgraph.Const(s, "half", float32(.5)))), tf.Int32)
	outer := tfgraph.Const(s, "outer", [][]int32{{1, 1}})
	sizes := op.Add(s, op.Pad(s.SubScope("extent"), to, outer), tfgraph.Const(s, "whole", []int32{-1, 0, 0, 3}))
	return op.Slice(s, images, op.Pad(s, margin, outer), sizes)
}

// normalize scales, subtracts the mean, divides by the standard deviation and
// orders the channels. Unlike Reverse, ReverseV2 accepts an empty batch.
func (p Preprocessing) normalize(s *op.Scope, x tf.Output) tf.Output {
	if scale := p.scale(); scale != 1 {
		x = op.Mul(s, x, tfgraph.Const(s, "scale", scale))
	}
	x = op.Sub(s, x, tfgraph.Const(s, "mean", p.MeanRGB))
	if std := p.std(); std != [3]float32{1, 1, 1} {
		x = op.Div(s, x, tfgraph.Const(s, "std", std))
	}
	if p.Channels == bgr {
		x = op.ReverseV2(s, x, tfgraph.Const(s, "channels", []int32{3}))
	}
	return x
}

// BuildStandaloneDecoding adds a decoding graph that needs no [Decoder]: Orientation takes any EXIF value, those
// outside 1…8 meaning 1, and is ignored unless p applies it; DecodeFast's ratio is chosen within the graph. Its pixels
// are those of a Decoder.
func (p Preprocessing) BuildStandaloneDecoding(s *op.Scope) Decoding {
	d := Decoding{
		Contents:    tfgraph.Placeholder(s, "contents", tf.String, tf.ScalarShape()),
		Orientation: tfgraph.Placeholder(s, "orientation", tf.Int32, tf.ScalarShape()),
	}
	if s.Err() != nil {
		return d
	}
	orientation := p.appliedOrientation(s.SubScope("applied"), d.Orientation)
	if p.Decode == DecodeFast {
		d.Image = p.fastDecoded(s.SubScope("fast"), d.Contents, orientation)
	} else {
		d.Image = p.image(s, decodeImage(s, d.Contents), orientation)
	}
	return d
}

// appliedOrientation is the orientation to undo.
func (p Preprocessing) appliedOrientation(s *op.Scope, orientation tf.Output) tf.Output {
	first, last := tfgraph.Const(s, "first", int32(1)), tfgraph.Const(s, "last", int32(8))
	if !p.Orientation {
		return first
	}
	known := op.LogicalAnd(s, op.GreaterEqual(s, orientation, first), op.LessEqual(s, orientation, last))
	return op.Select(s, known, orientation, first)
}

// fastDecoded chooses the ratio as pick does, without control flow: every decoder
// runs, but all except the chosen one on an image of a single pixel.
func (p Preprocessing) fastDecoded(s *op.Scope, contents, orientation tf.Output) tf.Output {
	pixel := tfgraph.Const(s, "pixel", onePixelJPEG())
	choice := p.ratioIndex(s.SubScope("choice"), contents, pixel)
	images := make([]tf.Output, 1+len(ratios))
	for i := range images {
		s := s.SubScope(fmt.Sprintf("choice%d", i))
		chosen := op.Select(s, op.Equal(s, choice, tfgraph.Const(s, "number", int32(i))), contents, pixel)
		if i == 0 {
			images[i] = p.image(s, decodeImage(s, chosen), orientation)
		} else {
			images[i] = p.image(s, decodeShrunk(s, chosen, ratios[i-1]), orientation)
		}
	}
	if s.Err() != nil {
		return tf.Output{}
	}
	return op.GatherV2(s, op.Pack(s, images), choice, tfgraph.Const(s, "axis", int32(0)))
}

// ratioIndex is the number of ratios for which a JPEG is large enough; 0 for any other format.
func (p Preprocessing) ratioIndex(s *op.Scope, contents, pixel tf.Output) tf.Output {
	start := op.Substr(s, contents, tfgraph.Const(s, "from", int32(0)), tfgraph.Const(s, "length", int32(2)))
	isJPEG := op.Equal(s, start, tfgraph.Const(s, "jpeg", "\xff\xd8"))
	shape := op.ExtractJpegShape(s, op.Select(s, isJPEG, contents, pixel)) // height, width, channels
	sides := op.Slice(s, shape, tfgraph.Const(s, "begin", []int32{0}), tfgraph.Const(s, "size", []int32{2}))
	all := tfgraph.Const(s, "all", []int32{0})
	least := make([]int32, len(ratios))
	for i, ratio := range ratios {
		least[i] = int32(ratio * p.resizedSide())
	}
	large := op.GreaterEqual(s, op.Min(s, sides, all), tfgraph.Const(s, "least", least))
	return op.Sum(s, op.Cast(s, large, tf.Int32), all)
}

// onePixelJPEG is the smallest image, as JPEG.
func onePixelJPEG() string {
	var buf bytes.Buffer
	_ = jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 1, 1)), nil) // a buffer takes everything
	return buf.String()
}
