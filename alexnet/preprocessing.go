package alexnet

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// Contract says how a photograph becomes an input of the network. It travels
// with every checkpoint, and training, evaluation and prediction build their
// decoding graph from the same one, so none can skip the mean or swap the
// channels.
type Preprocessing struct {
	Size        int        `json:"size"`        // side in pixels
	Resize      Resize     `json:"resize"`      // how the photograph is brought to that size
	MeanRGB     [3]float32 `json:"mean_rgb"`    // subtracted; 0…255
	Channels    string     `json:"channels"`    // order in memory
	Orientation bool       `json:"orientation"` // whether the EXIF orientation is applied
	Classes     []string   `json:"classes"`     // class names by label

	// Decode is DecodeExact, or DecodeFast: a JPEG at least twice too large is
	// shrunk while it is decoded.
	Decode DecodeMode `json:"decode,omitempty"`
}

// Decode names how exactly a photograph is decoded.
type DecodeMode string

// DecodeExact decodes every pixel. DecodeFast has libjpeg leave out what a
// smaller picture does not need, down to an eighth of each side and never below
// what the contract resizes to; it gives other pixels.
const (
	DecodeExact DecodeMode = ""
	DecodeFast  DecodeMode = "fast"
)

// Resize names a rule for bringing a photograph to the network's size.
type Resize string

// Squash resizes to Size x Size whatever the photograph's own ratio, as the
// well-known TensorFlow port does. Crop squashes to 256/227 of Size and keeps
// the centre, as Caffe's data layer does.
const (
	Squash Resize = "squash"
	Crop   Resize = "crop"
)

// NewContract is BVLC's contract: BGR minus ImageNet's mean.
func NewPreprocessing(size int, resize Resize, orientation bool, classes []string) Preprocessing {
	return Preprocessing{
		Size: size, Resize: resize, MeanRGB: [3]float32{123.68, 116.779, 103.939},
		Channels: "BGR", Orientation: orientation, Classes: slices.Clone(classes),
	}
}

// Validate reports what a contract asks for that this program does not do.
func (c Preprocessing) Validate() error {
	if len(c.Classes) < 2 {
		return fmt.Errorf("data contract: got %d class names, want at least 2", len(c.Classes))
	}
	return c.validateImage()
}

func (c Preprocessing) validateImage() error {
	switch {
	case c.Channels != "BGR":
		return fmt.Errorf("data contract: got channel order %q, want BGR", c.Channels)
	case c.Resize != Squash && c.Resize != Crop:
		return fmt.Errorf("data contract: got resize %q, want %s or %s", c.Resize, Squash, Crop)
	case c.Decode != DecodeExact && c.Decode != DecodeFast:
		return fmt.Errorf("data contract: got decode %q, want %q or none", c.Decode, DecodeFast)
	case c.Size < 1 || c.Size > 4096:
		return fmt.Errorf("data contract: got size %d, want 1 to 4096", c.Size)
	}
	return nil
}

// Decoding is the graph from an encoded photograph to an input of the network.
type Decoding struct {
	Contents    tf.Output   // string scalar: JPEG, PNG, GIF (first frame) or BMP bytes; fed
	Orientation tf.Output   // int32 scalar: EXIF orientation 1…8; 1 unless fed
	Image       tf.Output   // float32 [Size,Size,3]
	shrunk      []tf.Output // the same of JPEG decoded at 1/2, 1/4, 1/8; DecodeFast's
}

// orientations holds, for EXIF orientations 0…8, whether rows and columns are
// exchanged and then which of them are mirrored (Exif 2.3, tag 0x0112).
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

// Build adds the decoding graph to s.
func (c Preprocessing) BuildDecoding(s *op.Scope) Decoding {
	d := Decoding{
		Contents:    tfgraph.Placeholder(s, "contents", tf.String, tf.ScalarShape()),
		Orientation: tfgraph.PlaceholderWithDefault(s, "orientation", int32(1), tf.ScalarShape()),
	}
	if s.Err() != nil {
		return d
	}
	d.Image = c.image(s, decodeImage(s, d.Contents), d.Orientation)
	if c.Decode == DecodeFast {
		for _, ratio := range ratios {
			s := s.SubScope(fmt.Sprintf("shrunk%d", ratio))
			d.shrunk = append(d.shrunk, c.image(s, decodeShrunk(s, d.Contents, ratio), d.Orientation))
		}
	}
	return d
}

// ratios are by how much libjpeg shrinks while it decodes.
var ratios = []int{2, 4, 8}

func decodeImage(s *op.Scope, contents tf.Output) tf.Output {
	return op.DecodeImage(s, contents, op.DecodeImageChannels(3), op.DecodeImageExpandAnimations(false))
}

func decodeShrunk(s *op.Scope, contents tf.Output, ratio int) tf.Output {
	return op.DecodeJpeg(s, contents, op.DecodeJpegChannels(3), op.DecodeJpegRatio(int64(ratio)))
}

// picture is what the contract makes of decoded pixels.
func (c Preprocessing) image(s *op.Scope, pixels, orientation tf.Output) tf.Output {
	upright := orient(s.SubScope("upright"), pixels, orientation)
	batch := c.Normalize(s, op.ExpandDims(s, upright, tfgraph.Const(s, "batch", int32(0))))
	return op.Reshape(s, batch, tfgraph.Const(s, "picture", []int32{int32(c.Size), int32(c.Size), 3}))
}

// Enter turns upright pictures of one size, [N,H,W,3] RGB from 0 to 255, into the
// network's input, float32 [N,Size,Size,3].
func (c Preprocessing) Normalize(s *op.Scope, pictures tf.Output) tf.Output {
	return c.normalize(s.SubScope("normalise"), c.resize(s.SubScope("resize"), pictures))
}

// pick is the output that gives the picture of the encoded bytes: the most
// shrunk one that is still as large as what is resized to.
func (d Decoding) pick(c Preprocessing, encoded []byte, view ImageInfo) tf.Output {
	best := d.Image
	if !bytes.HasPrefix(encoded, []byte{0xff, 0xd8}) {
		return best
	}
	for i, picture := range d.shrunk {
		if min(view.Width, view.Height)/ratios[i] >= c.resized() {
			best = picture
		}
	}
	return best
}

// orient turns the picture without control flow: the orientation picks a row of
// a table of transpositions and one of a table of mirrorings.
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

// resize is TensorFlow's legacy bilinear interpolation, which takes the corner
// of a pixel for its place and does not antialias.
func (c Preprocessing) resize(s *op.Scope, pictures tf.Output) tf.Output {
	side := c.resized()
	x := op.ResizeBilinear(s, pictures, tfgraph.Const(s, "size", []int32{int32(side), int32(side)}))
	margin, size := int32(side-c.Size)/2, int32(c.Size)
	return op.Slice(s, x, tfgraph.Const(s, "begin", []int32{0, margin, margin, 0}),
		tfgraph.Const(s, "extent", []int32{-1, size, size, 3}))
}

// resized is the side that a photograph is resized to, before any cropping.
func (c Preprocessing) resized() int {
	if c.Resize == Crop {
		return int(math.Round(float64(c.Size) * 256 / 227))
	}
	return c.Size
}

// normalise subtracts the mean and turns RGB into BGR. Unlike Reverse, ReverseV2 takes
// a batch of no pictures.
func (c Preprocessing) normalize(s *op.Scope, rgb tf.Output) tf.Output {
	centred := op.Sub(s, rgb, tfgraph.Const(s, "mean", c.MeanRGB))
	return op.ReverseV2(s, centred, tfgraph.Const(s, "channels", []int32{3}))
}

// Picture undoes the normalisation of one input, for people to look at.
func (c Preprocessing) Denormalize(input []float32) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, c.Size, c.Size))
	for i := range c.Size * c.Size {
		bgr := input[3*i : 3*i+3]
		img.SetNRGBA(i%c.Size, i/c.Size, color.NRGBA{
			toUint8(bgr[2] + c.MeanRGB[0]), toUint8(bgr[1] + c.MeanRGB[1]), toUint8(bgr[0] + c.MeanRGB[2]), 255})
	}
	return img
}

func toUint8(v float32) uint8 { return uint8(max(0, min(255, math.Round(float64(v))))) }
