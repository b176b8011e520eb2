package classify

import (
	"context"
	"fmt"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// GradCAM computes class activation maps: the sum of the last convolution's channels, each weighted by the mean gradient of the
// class's logit with respect to it, where that sum is positive (Selvaraju et al. 2017, section 3). It uses the model's
// weights, so it is closed before the model. Safe for concurrent use.
type GradCAM struct {
	session *tfgraph.Session
	outputs int32 // classes
	weights tfgraph.Feeds
	offset  int // of the maps, see HeatMap
	stride  int

	images   tf.Output // float32 [N,Size,Size,3]
	classes  tf.Output // int32 [N]
	features tf.Output // float32 [N,H,W,K]: the last convolution, after its ReLU
	logits   tf.Output // float32 [N]: of the classes
	channels tf.Output // float32 [N,K]: the mean gradients
	maps     tf.Output // float32 [N,H,W]
}

// NewGradCAM builds the backward pass. It computes in float32 whatever the model's precision. The caller closes it.
func (m *Model) NewGradCAM(options tfgraph.Options) (*GradCAM, error) {
	root := op.NewScope()
	config := m.Source.Description.Network
	config.BFloat16 = nil
	net := alexnet.Build(root, config)
	g := &GradCAM{outputs: int32(net.Config.Classes), weights: tfgraph.Feeds{}}
	g.build(root, net)
	a := config.Architecture()
	g.offset, g.stride = a.ReceptiveField(a.LastConv())
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return nil, err
	}
	for i, v := range net.Variables {
		g.weights[v.Value] = m.weights[m.variables[i].Value]
	}
	if g.session, err = tfgraph.Open(def, options); err != nil {
		return nil, err
	}
	return g, nil
}

// build differentiates from the logits down to the last convolution. TensorFlow's registered gradients are right there; that of
// LRN, which is not, lies below.
func (g *GradCAM) build(root *op.Scope, net *alexnet.Network) {
	g.images = net.Images
	s := root.SubScope("gradcam")
	g.classes = tfgraph.Placeholder(s, "classes", tf.Int32, tf.MakeShape(-1))
	if root.Err() != nil {
		return
	}
	g.features = net.Activation(net.Config.Architecture().LastConv())
	chosen := op.OneHot(s, g.classes, tfgraph.Const(s, "depth", int32(net.Config.Classes)),
		tfgraph.Const(s, "on", float32(1)), tfgraph.Const(s, "off", float32(0)))
	g.logits = op.Sum(s.SubScope("logits"), op.Mul(s, net.Logits, chosen), tfgraph.Const(s, "columns", int32(1)))
	all := op.Sum(s.SubScope("all"), g.logits, tfgraph.Const(s, "rows", int32(0))) // images are independent: each has its own gradient
	gradients := op.Gradients(s.SubScope("gradients"), []tf.Output{all}, []tf.Output{g.features})
	if s.Err() != nil {
		return
	}
	space := tfgraph.Const(s, "space", []int32{1, 2})
	weights := op.Mean(s.SubScope("channels"), gradients[0], space, op.MeanKeepDims(true))
	g.channels = op.Squeeze(s.SubScope("channels"), weights, op.SqueezeAxis([]int64{1, 2}))
	sum := op.Sum(s.SubScope("maps"), op.Mul(s.SubScope("weighted"), g.features, weights), tfgraph.Const(s, "channel", int32(3)))
	g.maps = op.Relu(s.SubScope("maps"), sum)
}

// HeatMap is a square of non-negative values over an image, in C order. The value at row i and column j belongs to the
// input pixel at row Offset+Stride*i and column Offset+Stride*j, the center of that unit's receptive field.
type HeatMap struct {
	Side           int
	Offset, Stride int // in pixels of the network's input
	Values         []float32
}

// Maps returns the activation map of each of the images [N,Size,Size,3] for its class. The caller closes the images.
func (g *GradCAM) Maps(ctx context.Context, images *tfgraph.Tensor, classes []int32) ([]HeatMap, error) {
	for i, class := range classes {
		if class < 0 || class >= g.outputs {
			return nil, fmt.Errorf("map class of image %d: got %d, want 0 to %d", i, class, g.outputs-1)
		}
	}
	labels, err := tfgraph.Of(classes, int64(len(classes)))
	if err != nil {
		return nil, err
	}
	defer labels.Close()
	out, err := g.run(ctx, tfgraph.Feeds{g.images: images, g.classes: labels}, g.maps)
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	shape := out[0].Shape()
	if shape[0] != int64(len(classes)) {
		return nil, fmt.Errorf("map classes: got %d images, want %d, the number of classes", shape[0], len(classes))
	}
	maps := make([]HeatMap, len(classes))
	for i := range maps {
		maps[i] = HeatMap{Side: int(shape[1]), Offset: g.offset, Stride: g.stride, Values: slices.Clone(out[0].Row(i))}
	}
	return maps, nil
}

func (g *GradCAM) run(ctx context.Context, feeds tfgraph.Feeds, fetches ...tf.Output) ([]*tfgraph.Tensor, error) {
	for weight, value := range g.weights {
		feeds[weight] = value
	}
	return g.session.Run(ctx, feeds, fetches)
}

// Close frees the backward pass, not the model.
func (g *GradCAM) Close() error { return g.session.Close() }
