package export

import (
	"context"
	"fmt"
	"os"
	"strings"

	"alexnet/alexnet"
	"alexnet/internal/atomicfile"
	"alexnet/internal/onnx"
	"alexnet/internal/weights"
	"alexnet/ops"
)

// Names of the ONNX model's values.
const (
	onnxImages        = "images"
	onnxProbabilities = "probabilities"
)

// ONNX writes the model to the file at path, for ONNX's operators of version 17: its input is images, uint8 [N,H,W,3] in RGB
// of any size and upright, its output probabilities, float32 [N,classes]. Preprocessing is in the graph, class names are in
// the metadata. The file is read back and its nodes, built as TensorFlow's, are compared with the reference.
func ONNX(ctx context.Context, path string, s Source, o Options) (found Comparison, err error) {
	s = s.Float32()
	err = atomicfile.Publish(path, func(tmp string) error {
		if err := writeONNX(tmp, s, o.Version); err != nil || o.Reference == nil {
			return err
		}
		found, err = o.Reference.compareONNX(ctx, tmp)
		return err
	})
	if err != nil {
		return Comparison{}, fmt.Errorf("write ONNX model %q: %w", path, err)
	}
	return found, nil
}

func writeONNX(path string, s Source, version string) error {
	layers, err := readLayers(s)
	if err != nil {
		return err
	}
	g := &onnxGraph{Builder: onnx.NewBuilder(s.Description.Network.Architecture().Name, "alexnet", version), layers: layers}
	p := s.Description.Preprocessing
	g.Input(onnxImages, onnx.Uint8, "N", "H", "W", 3)
	g.preprocess(p)
	s.Description.Network.Walk(g)
	g.Output(g.Node(onnxProbabilities, "Softmax", []string{g.x}, onnx.Int("axis", 1)), onnx.Float, "N", len(p.Classes))
	g.Metadata("classes", strings.Join(p.Classes, "\n"))
	g.Metadata("preprocessing", p.Normalization())
	g.Metadata("checkpoint", s.Checkpoint.Name)
	text, err := g.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

// onnxGraph adds the nodes of a network to a graph. Images are [N,C,H,W], as ONNX's operators want them.
type onnxGraph struct {
	*onnx.Builder
	layers   []weights.Layer // those that were not added yet
	x        string          // the newest value
	channels int             // of the values that Flatten made vectors of, for the next fully connected layer; else 0
}

// add adds a node that reads the newest value and others.
func (g *onnxGraph) add(name, op string, others []string, attributes ...*onnx.Attribute) {
	g.x = g.Node(name, op, append([]string{g.x}, others...), attributes...)
}

// preprocess adds what alexnet.Preprocessing.Normalize does.
func (g *onnxGraph) preprocess(p alexnet.Preprocessing) {
	g.x = onnxImages
	g.add("float", "Cast", nil, onnx.Int("to", onnx.Float))
	g.add("planes", "Transpose", nil, onnx.Ints("perm", 0, 3, 1, 2))
	size := int64(p.Size)
	switch p.Resize {
	case alexnet.Center:
		g.cropCenter("middle", func(sides, shorter string) string {
			longest := g.Node("middle/longest", "Mul", []string{shorter, g.Ints("middle/aspect", alexnet.MaxAspect)})
			return g.Node("middle/size", "Min", []string{sides, longest})
		})
		sides, shorter := g.sides("resize")
		scaled := g.Node("resize/scaled", "Mul", []string{sides, g.Ints("resize/from", int64(p.CropFrom))})
		g.resize(g.Node("resize/sides", "Div", []string{scaled, shorter}))
		g.cropCenter("crop", func(_, _ string) string { return g.Ints("crop/size", size, size) })
	case alexnet.Crop:
		from := int64(p.CropFrom)
		g.resize(g.Ints("resize/sides", from, from))
		margin := (from - size) / 2
		g.add("crop", "Slice", []string{g.Ints("crop/from", margin, margin), g.Ints("crop/to", margin+size, margin+size), g.Ints("crop/axes", 2, 3)})
	default:
		g.resize(g.Ints("resize/sides", size, size))
	}
	perChannel := func(name string, v [3]float32) string { return g.Floats(name, v[:], 1, 3, 1, 1) }
	if p.Scale != 0 {
		g.add("scaled", "Mul", []string{g.Floats("scale", []float32{p.Scale})})
	}
	g.add("centered", "Sub", []string{perChannel("mean", p.MeanRGB)})
	if p.StdRGB != [3]float32{} {
		g.add("standardized", "Div", []string{perChannel("std", p.StdRGB)})
	}
	if p.Channels == "BGR" {
		g.add("channels", "Gather", []string{g.Ints("bgr", 2, 1, 0)}, onnx.Int("axis", 1))
	}
}

// sides are the height and width of the newest value, and the shorter of them.
func (g *onnxGraph) sides(name string) (both, shorter string) {
	shape := g.Node(name+"/shape", "Shape", []string{g.x})
	both = g.Node(name+"/both", "Slice", []string{shape, g.Ints(name+"/second", 2), g.Ints(name+"/fourth", 4)})
	return both, g.Node(name+"/shorter", "ReduceMin", []string{both}, onnx.Int("keepdims", 1))
}

// resize is TensorFlow's legacy bilinear interpolation to the given sides, bit for bit: columns first, at positions computed in
// float32 as TensorFlow does. The operator Resize rounds these otherwise, which changes some pixels by a hundredth of a level
// and some probabilities by more than 1e-5.
func (g *onnxGraph) resize(sides string) {
	old, _ := g.sides("resize")
	one, zero := g.Ints("resize/one", 1), g.Ints("resize/zero", 0)
	g.interpolate("resize/columns", 3, old, sides, zero, one)
	g.interpolate("resize/rows", 2, old, sides, zero, one)
}

// interpolate resizes one axis, of the sides at that place in old, to its side in sides.
func (g *onnxGraph) interpolate(name string, axis int64, old, sides, zero, one string) {
	node := func(suffix, op string, inputs []string, attributes ...*onnx.Attribute) string {
		return g.Node(name+"/"+suffix, op, inputs, attributes...)
	}
	first, last := g.Ints(name+"/first", axis-2), g.Ints(name+"/last", axis-1)
	from := node("from", "Slice", []string{old, first, last})
	to := node("to", "Slice", []string{sides, first, last})
	float := onnx.Int("to", onnx.Float)
	scale := node("scale", "Div", []string{node("from_float", "Cast", []string{from}, float), node("to_float", "Cast", []string{to}, float)})
	scalar := func(suffix, value string) string { return node(suffix, "Squeeze", []string{value}) }
	index := node("index", "Range", []string{scalar("start", zero), scalar("limit", to), scalar("step", one)})
	position := node("position", "Mul", []string{node("index_float", "Cast", []string{index}, float), scale})
	floor := node("floor", "Floor", []string{position})
	fraction := node("fraction", "Sub", []string{position, floor})
	if axis == 2 { // columns are the last axis already
		fraction = node("fraction_column", "Unsqueeze", []string{fraction, one})
	}
	lower := node("lower", "Cast", []string{floor}, onnx.Int("to", onnx.Int64))
	upper := node("upper", "Min", []string{node("above", "Add", []string{lower, one}), node("end", "Sub", []string{from, one})})
	low := node("low", "Gather", []string{g.x, lower}, onnx.Int("axis", axis))
	high := node("high", "Gather", []string{g.x, upper}, onnx.Int("axis", axis))
	change := node("change", "Mul", []string{node("difference", "Sub", []string{high, low}), fraction})
	g.x = node("resized", "Add", []string{low, change})
}

// cropCenter takes the center, whose sides extent adds; half a pixel of margin is rounded to even.
func (g *onnxGraph) cropCenter(name string, extent func(sides, shorter string) string) {
	sides, shorter := g.sides(name)
	to := extent(sides, shorter)
	margin := g.Node(name+"/margins", "Sub", []string{sides, to})
	margin = g.Node(name+"/float", "Cast", []string{margin}, onnx.Int("to", onnx.Float))
	margin = g.Node(name+"/half", "Mul", []string{margin, g.Floats(name+"/factor", []float32{.5})})
	margin = g.Node(name+"/whole", "Round", []string{margin})
	margin = g.Node(name+"/margin", "Cast", []string{margin}, onnx.Int("to", onnx.Int64))
	g.add(name, "Slice", []string{margin, g.Node(name+"/end", "Add", []string{margin, to}), g.Ints(name+"/axes", 2, 3)})
}

// next returns the weights and biases of the next layer.
func (g *onnxGraph) next() (w, b *weights.Array) {
	l := g.layers[0]
	g.layers = g.layers[1:]
	return l.Weights, l.Biases
}

func (g *onnxGraph) constant(name string, a *weights.Array) string {
	var dims []int64
	for _, d := range a.Shape {
		dims = append(dims, int64(d))
	}
	return g.Floats(name, a.Data, dims...)
}

func pair(n int) []int64 { return []int64{int64(n), int64(n)} }

// Conv implements [alexnet.Visitor], as do the methods below.
func (g *onnxGraph) Conv(name string, size, stride, pad, groups int) {
	w, b := g.next()
	padding := int64(pad)
	g.add(name+"/conv", "Conv", []string{g.constant(name+"/weights", w.Transposed(3, 2, 0, 1)), g.constant(name+"/biases", b)},
		onnx.Ints("kernel_shape", pair(size)...), onnx.Ints("strides", pair(stride)...),
		onnx.Ints("pads", padding, padding, padding, padding), onnx.Int("group", int64(groups)))
	g.add(name, "Relu", nil)
}

func (g *onnxGraph) LRN(name string, p ops.LRNParams) {
	size := 2*int64(p.Radius) + 1
	g.add(name, "LRN", nil, onnx.Int("size", size), onnx.Real("alpha", p.Alpha*float32(size)), onnx.Real("beta", p.Beta), onnx.Real("bias", p.Bias))
}

func (g *onnxGraph) MaxPool(name string, size, stride int) {
	g.add(name, "MaxPool", nil, onnx.Ints("kernel_shape", pair(size)...), onnx.Ints("strides", pair(stride)...))
}

func (g *onnxGraph) Flatten(name string, channels int) {
	g.add(name, "Flatten", nil, onnx.Int("axis", 1))
	g.channels = channels
}

// Dense reads channels, rows and columns where Flatten comes before it.
func (g *onnxGraph) Dense(name string, last bool) {
	w, b := g.next()
	if g.channels > 0 {
		w = w.ChannelsFirst(g.channels)
		g.channels = 0
	}
	g.add(name+"/product", "Gemm", []string{g.constant(name+"/weights", w), g.constant(name+"/biases", b)})
	if !last {
		g.add(name, "Relu", nil)
	}
}
