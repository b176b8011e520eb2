package export

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/onnx"
	"alexnet/tfgraph"
)

// compareONNX reads an ONNX model back, runs it by TensorFlow's operations and compares its predictions with the reference's.
// It takes pixels, so that images with an EXIF orientation are skipped where the source applies it, and so are JPEG images
// where the source may decode them at a lower resolution.
func (r *Reference) compareONNX(ctx context.Context, path string) (found Comparison, err error) {
	model, err := onnx.Read(path)
	if err != nil {
		return found, err
	}
	generated, err := os.MkdirTemp("", "alexnet")
	if err != nil {
		return found, err
	}
	defer os.RemoveAll(generated)
	examples, err := testImages(generated)
	if err != nil {
		return found, fmt.Errorf("generate test images: %w", err)
	}
	examples = slices.DeleteFunc(slices.Concat(examples, r.Examples), func(ex input.Example) bool {
		return ex.Orientation != 1 && r.Preprocessing.Orientation || ex.Format == input.JPEG && r.Preprocessing.Decode == alexnet.DecodeFast
	})
	m, err := openONNX(model)
	if err != nil {
		return found, err
	}
	defer m.close()
	for chunk := range slices.Chunk(examples, compareBatch) {
		want, err := r.Predict(ctx, chunk)
		if err != nil {
			return found, err
		}
		for i, ex := range chunk {
			got, err := m.predict(ctx, ex, r.Limits)
			if err != nil {
				return found, err
			}
			difference, label := largestDifference(got, want[i])
			if !(difference <= tolerance) {
				return found, fmt.Errorf("compare with the source: %s: got probability %g of %q, want %g", ex.Path, got[label], r.Preprocessing.Classes[label], want[i][label])
			}
			found.MaxDifference = max(found.MaxDifference, difference)
		}
		found.Images += len(chunk)
	}
	return found, nil
}

// largestDifference is NaN if a value is.
func largestDifference(a, b []float32) (largest float64, label int) {
	for i := range a {
		if d := math.Abs(float64(a[i]) - float64(b[i])); !(d <= largest) {
			largest, label = d, i
		}
	}
	return largest, label
}

// onnxModel is an ONNX model as a graph of TensorFlow's operations, which takes an encoded image.
type onnxModel struct {
	root          *op.Scope
	model         *onnx.Model
	values        map[string]tf.Output
	constants     map[string]*onnx.Tensor
	contents      tf.Output
	probabilities tf.Output
	weights       tfgraph.Feeds // the large constants
	session       *tfgraph.Session
}

func openONNX(model *onnx.Model) (m *onnxModel, err error) {
	m = &onnxModel{root: op.NewScope(), model: model, values: map[string]tf.Output{}, constants: map[string]*onnx.Tensor{}, weights: tfgraph.Feeds{}}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	m.contents = tfgraph.Placeholder(m.root, "contents", tf.String, tf.ScalarShape())
	pixels := op.DecodeImage(m.root, m.contents, op.DecodeImageChannels(3), op.DecodeImageExpandAnimations(false))
	m.values[onnxImages] = op.ExpandDims(m.root, pixels, tfgraph.Const(m.root, "batch", int32(0)))
	for _, t := range model.GetGraph().GetConstants() {
		if err := m.constant(t); err != nil {
			return nil, err
		}
	}
	for _, n := range model.GetGraph().GetNodes() {
		if err := m.node(n); err != nil {
			return nil, fmt.Errorf("rebuild node %q: %w", n.GetName(), err)
		}
		if err := m.root.Err(); err != nil {
			return nil, fmt.Errorf("rebuild node %q: %w", n.GetName(), err)
		}
	}
	m.probabilities = m.values[onnxProbabilities]
	def, err := tfgraph.GraphDef(m.root)
	if err != nil {
		return nil, err
	}
	m.session, err = tfgraph.Open(def, onCPU)
	return m, err
}

func (m *onnxModel) close() {
	m.weights.Close()
	if m.session != nil {
		m.session.Close()
	}
}

// constant adds a constant: a large one is fed, so that the graph stays small.
func (m *onnxModel) constant(t *onnx.Tensor) error {
	m.constants[t.GetName()] = t
	s := m.root.SubScope("constant")
	if t.GetDataType() == onnx.Int64 {
		values, err := t.IntValues()
		m.values[t.GetName()] = tfgraph.Const(s, "ints", values)
		return err
	}
	values, err := t.FloatValues()
	if err != nil {
		return err
	}
	fed, err := tfgraph.Of(values, t.GetDims()...)
	if err != nil {
		return err
	}
	in := tfgraph.Placeholder(s, "floats", tf.Float, tf.MakeShape(t.GetDims()...))
	m.values[t.GetName()], m.weights[in] = in, fed
	return nil
}

// predict returns the probabilities of an image.
func (m *onnxModel) predict(ctx context.Context, ex input.Example, limits input.Limits) ([]float32, error) {
	encoded, _, err := input.Read(ex, limits)
	if err != nil {
		return nil, err
	}
	contents, err := tfgraph.Strings([][]byte{encoded})
	if err != nil {
		return nil, err
	}
	defer contents.Close()
	feeds := tfgraph.Feeds{m.contents: contents}
	for in, t := range m.weights {
		feeds[in] = t
	}
	out, err := m.session.Run(ctx, feeds, []tf.Output{m.probabilities})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	return slices.Clone(tfgraph.Data[float32](out[0])), nil
}

// node adds the operation of a node.
func (m *onnxModel) node(n *onnx.Node) error {
	s := m.root.SubScope("node")
	var in []tf.Output
	for _, name := range n.GetInputs() {
		x, ok := m.values[name]
		if name != "" && !ok {
			return fmt.Errorf("got the input %q, want a value before it", name)
		}
		in = append(in, x)
	}
	build, ok := onnxOps[n.GetOp()]
	if !ok {
		return fmt.Errorf("got the operator %q, want one that is written here", n.GetOp())
	}
	m.values[n.GetOutputs()[0]] = build(s, in, onnxNode{n, m.constants})
	return nil
}

// onnxNode gives access to a node's attributes and constant inputs.
type onnxNode struct {
	*onnx.Node
	constants map[string]*onnx.Tensor
}

func (n onnxNode) int(name string) int64    { return n.Attribute(name).GetI() }
func (n onnxNode) ints(name string) []int64 { return n.Attribute(name).GetInts() }
func (n onnxNode) real(name string) float32 { return n.Attribute(name).GetF() }

// onnxOps build the operators by TensorFlow's operations, whose images are [N,H,W,C].
var onnxOps = map[string]func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output{
	"Cast": func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
		return op.Cast(s, in[0], map[int64]tf.DataType{onnx.Float: tf.Float, onnx.Int64: tf.Int64}[n.int("to")])
	},
	"Transpose": func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
		return op.Transpose(s, in[0], tfgraph.Const(s, "perm", n.ints("perm")))
	},
	"Shape": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output {
		return op.Shape(s, in[0], op.ShapeOutType(tf.Int64))
	},
	"Slice": buildSlice,
	"Concat": func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
		return op.ConcatV2(s, in, tfgraph.Const(s, "axis", n.int("axis")))
	},
	"ReduceMin": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output {
		return op.Min(s, in[0], tfgraph.Const(s, "axis", []int32{0}), op.MinKeepDims(true))
	},
	"Add":   func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.AddV2(s, in[0], in[1]) },
	"Sub":   func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Sub(s, in[0], in[1]) },
	"Mul":   func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Mul(s, in[0], in[1]) },
	"Div":   func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Div(s, in[0], in[1]) },
	"Min":   func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Minimum(s, in[0], in[1]) },
	"Round": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Round(s, in[0]) },
	"Relu":  func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Relu(s, in[0]) },
	"Gather": func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
		return op.GatherV2(s, in[0], in[1], tfgraph.Const(s, "axis", n.int("axis")))
	},
	"Floor":   func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Floor(s, in[0]) },
	"Squeeze": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Squeeze(s, in[0]) },
	"Unsqueeze": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output {
		return op.ExpandDims(s, in[0], op.Squeeze(s, in[1]))
	},
	"Range": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Range(s, in[0], in[1], in[2]) },
	"Conv":  buildConv,
	"LRN": func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
		size := n.int("size")
		return planes(s, op.LRN(s, pixels(s, in[0]), op.LRNDepthRadius((size-1)/2), op.LRNBias(n.real("bias")),
			op.LRNAlpha(n.real("alpha")/float32(size)), op.LRNBeta(n.real("beta"))))
	},
	"MaxPool": func(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
		return planes(s, op.MaxPool(s, pixels(s, in[0]), window(n.ints("kernel_shape")), window(n.ints("strides")), "VALID"))
	},
	"Flatten": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output {
		rows := op.Slice(s, op.Shape(s, in[0]), tfgraph.Const(s, "zero", []int32{0}), tfgraph.Const(s, "one", []int32{1}))
		return op.Reshape(s, in[0], op.ConcatV2(s, []tf.Output{rows, tfgraph.Const(s, "rest", []int32{-1})}, tfgraph.Const(s, "axis", int32(0))))
	},
	"Gemm": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output {
		return op.BiasAdd(s, op.MatMul(s, in[0], in[1]), in[2])
	},
	"Softmax": func(s *op.Scope, in []tf.Output, _ onnxNode) tf.Output { return op.Softmax(s, in[0]) },
}

// pixels are planes as [N,H,W,C], and planes the reverse.
func pixels(s *op.Scope, x tf.Output) tf.Output {
	s = s.SubScope("pixels")
	return op.Transpose(s, x, tfgraph.Const(s, "perm", []int32{0, 2, 3, 1}))
}

func planes(s *op.Scope, x tf.Output) tf.Output {
	s = s.SubScope("planes")
	return op.Transpose(s, x, tfgraph.Const(s, "perm", []int32{0, 3, 1, 2}))
}

func window(sides []int64) []int64 { return []int64{1, sides[0], sides[1], 1} }

// buildSlice cuts images at their last two axes, and a vector.
func buildSlice(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
	extent := op.Sub(s.SubScope("extent"), in[2], in[1])
	if len(in) == 3 {
		return op.Slice(s, in[0], in[1], extent)
	}
	axis := tfgraph.Const(s, "axis", int32(0))
	from := op.ConcatV2(s.SubScope("from"), []tf.Output{tfgraph.Const(s, "first", []int64{0, 0}), in[1]}, axis)
	size := op.ConcatV2(s.SubScope("size"), []tf.Output{tfgraph.Const(s, "whole", []int64{-1, -1}), extent}, axis)
	return op.Slice(s, in[0], from, size)
}

// buildConv computes the groups one by one.
func buildConv(s *op.Scope, in []tf.Output, n onnxNode) tf.Output {
	pad := n.ints("pads")
	x := op.Pad(s, pixels(s, in[0]), tfgraph.Const(s, "pads", [][]int64{{0, 0}, {pad[0], pad[2]}, {pad[1], pad[3]}, {0, 0}}))
	filters := op.Transpose(s.SubScope("filters"), in[1], tfgraph.Const(s, "hwio", []int32{2, 3, 1, 0}))
	groups, axis := n.int("group"), tfgraph.Const(s, "axis", int32(3))
	xs, fs := op.Split(s.SubScope("images"), axis, x, groups), op.Split(s.SubScope("filters"), axis, filters, groups)
	var ys []tf.Output
	for i := range xs {
		ys = append(ys, op.Conv2D(s.SubScope("group"), xs[i], fs[i], window(n.ints("strides")), "VALID"))
	}
	y := ys[0]
	if len(ys) > 1 {
		y = op.ConcatV2(s, ys, axis)
	}
	return planes(s, op.BiasAdd(s, y, in[2]))
}
