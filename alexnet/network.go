package alexnet

import (
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// Network is AlexNet in a graph under construction.
type Network struct {
	Config      Config
	Images      tf.Output       // [N,Size,Size,3] as the Contract says; fed
	Activations []Activation    // every named layer's output, from the picture upwards
	Logits      tf.Output       // [N,Classes], fc8's output
	Variables   []ops.Variable  // conv1/weights, conv1/biases, … fc8/biases
	Tape        *ops.Tape       // for ops.Gradients
	Dropout     DropoutControls // zero where Build was asked for none
}

// Activation is a layer's output under the layer's name.
type Activation struct {
	Name   string
	Output tf.Output
}

// DropoutControls are the inputs of all dropout layers. Unfed, nothing is
// dropped.
type DropoutControls struct {
	Rate tf.Output // float32 scalar: the probability of dropping, 0 by default
	Seed tf.Output // [2]int64, or [3]int64 for a part of a batch, as in ops.Dropout; the same seed drops the same values
}

// Build adds the network to the root scope. dropout names the fully connected
// layers that a dropout layer follows when training (fc6 and fc7 in the paper,
// §4.2); a graph for inference has none.
func Build(root *op.Scope, config Config, dropout ...string) *Network {
	size := int64(config.WithDefaults().Size)
	var images tf.Output
	if root.Err() == nil {
		images = tfgraph.Placeholder(root, "images", tf.Float, tf.MakeShape(-1, size, size, 3))
	}
	return BuildOn(root, images, config, dropout...)
}

// BuildOn is Build on pictures [N,Size,Size,3] that the graph has already.
func BuildOn(root *op.Scope, images tf.Output, config Config, dropout ...string) *Network {
	c := config.WithDefaults()
	if err := c.Validate(); err != nil && root.Err() == nil {
		root.UpdateErr("alexnet.Build", err)
	}
	b := &builder{
		root:    root,
		net:     &Network{Config: c, Images: images, Tape: new(ops.Tape)},
		layers:  c.Layers(),
		dropout: dropout,
	}
	if root.Err() != nil {
		return b.net
	}
	if len(dropout) > 0 {
		b.net.Dropout.Rate = tfgraph.PlaceholderWithDefault(root, "dropout/rate", float32(0), tf.ScalarShape())
		b.net.Dropout.Seed = tfgraph.PlaceholderWithDefault(root, "dropout/seed", []int64{0, 0}, tf.MakeShape(-1))
	}
	b.build()
	return b.net
}

// builder holds what every layer needs.
type builder struct {
	root    *op.Scope
	net     *Network
	layers  []Layer
	dropout []string
}

// build is the paper's figure 2, read from left to right.
func (b *builder) build() {
	x := b.net.Images

	x = b.conv("conv1", x, 4, 0, 1)
	x = b.lrn("norm1", x)
	x = b.pool("pool1", x)

	x = b.conv("conv2", x, 1, 2, 2)
	x = b.lrn("norm2", x)
	x = b.pool("pool2", x)

	x = b.conv("conv3", x, 1, 1, 1)
	x = b.conv("conv4", x, 1, 1, 2)
	x = b.conv("conv5", x, 1, 1, 2)
	x = b.pool("pool5", x)

	x = b.flatten(x)
	x = b.dropoutAfter("dropout6", b.fc("fc6", x, true))
	x = b.dropoutAfter("dropout7", b.fc("fc7", x, true))
	b.net.Logits = b.asFloat32(b.fc("fc8", x, false))
}

// conv is a convolution with ReLU, which comes before the normalisation.
func (b *builder) conv(name string, x tf.Output, stride, pad int64, groups int) tf.Output {
	w, v := b.variables(name)
	b.recordUse()
	s := b.root.SubScope(name)
	x, w, v = b.castTo(s, name, x, w, v)
	return b.record(name, ops.Conv(s, x, w, v, stride, pad, groups))
}

func (b *builder) lrn(name string, x tf.Output) tf.Output {
	s := b.root.SubScope(name)
	if b.net.Config.LRN == LRNKernel {
		return b.record(name, ops.LRNKernel(s, x, ops.AlexNetLRN, b.net.Tape))
	}
	return b.record(name, ops.LRN(s, x, ops.AlexNetLRN))
}

// pool takes the maximum over windows of 3, 2 apart.
func (b *builder) pool(name string, x tf.Output) tf.Output {
	return b.record(name, ops.MaxPool(b.root.SubScope(name), x, 3, 2))
}

func (b *builder) flatten(x tf.Output) tf.Output {
	s := b.root.SubScope("flatten")
	return op.Reshape(s, b.asFloat32(x), tfgraph.Const(s, "shape", []int64{-1, b.layers[5].Weights[0]}))
}

func (b *builder) fc(name string, x tf.Output, relu bool) tf.Output {
	s := b.root.SubScope(name)
	w, v := b.variables(name)
	x, w, v = b.castTo(s, name, x, w, v)
	y := ops.Dense(s, x, w, v, b.net.Tape)
	b.recordUse()
	if relu {
		y = op.Relu(s, y)
	}
	return b.record(name, y)
}

// drop follows fc6 as dropout6 and fc7 as dropout7.
func (b *builder) dropoutAfter(name string, x tf.Output) tf.Output {
	number := name[len(name)-1:]
	if !slices.Contains(b.dropout, "fc"+number) {
		return x
	}
	salt := int64(number[0] - '0')
	return b.record(name, ops.Dropout(b.root.SubScope(name), b.asFloat32(x), b.net.Dropout.Rate, b.net.Dropout.Seed, salt))
}

// variables adds the weights and biases of the layer called name.
func (b *builder) variables(name string) (weights, biases tf.Output) {
	l := b.layers[slices.Index(LayerNames, name)]
	w, v := ops.NewVariable(b.root, name+"/weights", l.Weights...), ops.NewVariable(b.root, name+"/biases", l.Biases...)
	b.net.Variables = append(b.net.Variables, w, v)
	return w.Value, v.Value
}

// use notes on the tape that the newest weights and biases are used.
func (b *builder) recordUse() {
	for _, v := range b.net.Variables[len(b.net.Variables)-2:] {
		b.net.Tape.Use(v)
	}
}

// named shows x, a layer's output, under the layer's name and in float32.
func (b *builder) record(name string, x tf.Output) tf.Output {
	b.net.Activations = append(b.net.Activations, Activation{name, ops.Cast(b.root.SubScope(name+"/float32"), x, tf.Float)})
	return x
}

// wide is the newest layer's output x in float32. Layers with weights read it so,
// that what frozen layers give can be fed there.
func (b *builder) asFloat32(x tf.Output) tf.Output {
	if n := len(b.net.Activations); n > 0 && b.root.Err() == nil && x.DataType() != tf.Float {
		return b.net.Activations[n-1].Output
	}
	return x
}

// format gives what the named layer multiplies, in the number format that it
// does so in. Its variables stay float32.
func (b *builder) castTo(s *op.Scope, name string, x, weights, biases tf.Output) (_, _, _ tf.Output) {
	t := tf.Float
	if slices.Contains(b.net.Config.BFloat16, name) && tfgraph.HasBFloat16() {
		t = tf.Bfloat16
	}
	return ops.Cast(s.SubScope("input"), b.asFloat32(x), t), ops.Cast(s.SubScope("weights"), weights, t), ops.Cast(s.SubScope("biases"), biases, t)
}

// VariablesOf picks the variables of the named layers.
func (n *Network) VariablesOf(layers []string) []ops.Variable {
	var vars []ops.Variable
	for i, v := range n.Variables {
		if slices.Contains(layers, LayerNames[i/2]) {
			vars = append(vars, v)
		}
	}
	return vars
}

// Boundary is what the first trained layer reads: all that leads there is
// frozen, so it depends on the picture alone. ok is false where conv1 is
// trained.
func (n *Network) Boundary(trained []string) (boundary tf.Output, ok bool) {
	for i, a := range n.Activations {
		if slices.Contains(trained, a.Name) {
			if i == 0 {
				return tf.Output{}, false
			}
			return n.Activations[i-1].Output, true
		}
	}
	return tf.Output{}, false
}
