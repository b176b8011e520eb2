package alexnet

import (
	"slices"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// Network is a network in a graph under construction.
type Network struct {
	Config      Config
	Images      tf.Output      // [N,Size,Size,3], preprocessed; fed
	Activations []Activation   // every named layer's output, from the image upwards
	Logits      tf.Output      // [N,Classes], the last layer's output
	Variables   []ops.Variable // conv1/weights, conv1/biases, … fc8/biases
	Tape        *ops.Tape      // for ops.Gradients

	// The inputs of all dropout layers, zero in a network without. Unless they are fed, nothing is dropped.
	DropoutRate tf.Output // float32 scalar: the probability of dropping, 0 by default
	DropoutSeed tf.Output // [2]int64, or [3]int64 for a micro-batch, as in ops.Dropout; the same seed drops the same values
}

// Activation is a layer's output under the layer's name.
type Activation struct {
	Name   string
	Output tf.Output
}

// Build adds the network to the root scope. Its dropout layers are those directly before or after one of the layers in
// trained, the same as a run trains: between frozen layers nothing is dropped, nor in a graph for inference.
func Build(root *op.Scope, config Config, trained ...string) *Network {
	size := int64(config.WithDefaults().Size)
	var images tf.Output
	if root.Err() == nil {
		images = tfgraph.Placeholder(root, "images", tf.Float, tf.MakeShape(-1, size, size, 3))
	}
	return BuildOn(root, images, config, trained...)
}

// BuildOn is Build on images [N,Size,Size,3] that the graph already has.
func BuildOn(root *op.Scope, images tf.Output, config Config, trained ...string) *Network {
	c := config.WithDefaults()
	if err := c.Validate(); err != nil && root.Err() == nil {
		root.UpdateErr("alexnet.Build", err)
	}
	b := &builder{root: root, net: &Network{Config: c, Images: images, Tape: new(ops.Tape)}}
	if root.Err() != nil {
		return b.net
	}
	b.shapes = c.Layers()
	layers := withDropout(c.layers(), trained)
	if slices.ContainsFunc(layers, func(l layer) bool { return l.kind == dropout }) {
		b.net.DropoutRate = tfgraph.PlaceholderWithDefault(root, "dropout/rate", float32(0), tf.ScalarShape())
		b.net.DropoutSeed = tfgraph.PlaceholderWithDefault(root, "dropout/seed", []int64{0, 0}, tf.MakeShape(-1))
	}
	x := images
	for _, l := range layers {
		x = b.add(l, x)
	}
	b.net.Logits = b.asFloat32(x)
	return b.net
}

// Repeat adds the network once more, for inference, on images [N,Size,Size,3] and with the variables of n. It returns the
// logits [N,Classes].
func (n *Network) Repeat(s *op.Scope, images tf.Output) tf.Output {
	b := &builder{root: s, net: &Network{Config: n.Config, Images: images, Tape: new(ops.Tape)}, given: n.Variables}
	if s.Err() != nil {
		return tf.Output{}
	}
	b.shapes = n.Config.Layers()
	x := images
	for _, l := range withDropout(n.Config.layers(), nil) {
		x = b.add(l, x)
	}
	return b.asFloat32(x)
}

// withDropout removes the dropout layers that lie between frozen layers.
func withDropout(layers []layer, trained []string) []layer {
	isTrained := func(l layer) bool { return slices.Contains(trained, l.name) }
	var kept []layer
	below := false // whether the last layer with weights is trained
	for i, l := range layers {
		if l.weighted() {
			below = isTrained(l)
		}
		above := slices.IndexFunc(layers[i:], layer.weighted)
		if l.kind != dropout || below || above >= 0 && isTrained(layers[i+above]) {
			kept = append(kept, l)
		}
	}
	return kept
}

// builder adds a network layer by layer.
type builder struct {
	root   *op.Scope
	net    *Network
	shapes []Layer        // of the layers with weights
	given  []ops.Variable // those of another network to use; nil makes new ones
}

// weighted counts the layers with weights so far.
func (b *builder) weighted() int { return len(b.net.Variables) / 2 }

// add adds one layer, which reads x, and returns its output.
func (b *builder) add(l layer, x tf.Output) tf.Output {
	s := b.root.SubScope(l.name)
	switch l.kind {
	case conv:
		x = b.conv(s, l, x)
	case lrn:
		x = b.lrn(s, x)
	case maxPool:
		x = ops.MaxPool(s, x, int64(l.size), int64(l.stride))
	case flatten:
		inputs := b.shapes[b.weighted()].Weights[0] // of the layer above
		return op.Reshape(s, b.asFloat32(x), tfgraph.Const(s, "shape", []int64{-1, inputs}))
	case dense:
		x = b.dense(s, l, x)
	case dropout:
		x = ops.Dropout(s, b.asFloat32(x), b.net.DropoutRate, b.net.DropoutSeed, int64(b.weighted()))
	}
	float32s := ops.Cast(b.root.SubScope(l.name+"/float32"), x, tf.Float)
	b.net.Activations = append(b.net.Activations, Activation{l.name, float32s})
	return x
}

func (b *builder) conv(s *op.Scope, l layer, x tf.Output) tf.Output {
	weights, biases := b.variables(l.name)
	b.recordUse()
	x, weights, biases = b.castTo(s, l.name, x, weights, biases)
	return ops.Conv(s, x, weights, biases, int64(l.stride), int64(l.pad), l.groups)
}

func (b *builder) lrn(s *op.Scope, x tf.Output) tf.Output {
	if b.net.Config.LRN == LRNKernel {
		return ops.LRNKernel(s, x, bvlcLRN, b.net.Tape)
	}
	return ops.LRN(s, x, bvlcLRN)
}

func (b *builder) dense(s *op.Scope, l layer, x tf.Output) tf.Output {
	weights, biases := b.variables(l.name)
	x, weights, biases = b.castTo(s, l.name, x, weights, biases)
	y := ops.Dense(s, x, weights, biases, b.net.Tape)
	b.recordUse() // after Dense's cut
	if b.weighted() == len(b.shapes) {
		return y
	}
	return op.Relu(s, y)
}

// variables adds the weights and biases of the next layer with weights, or takes the given ones.
func (b *builder) variables(name string) (weights, biases tf.Output) {
	if n := len(b.net.Variables); b.given != nil {
		w, v := b.given[n], b.given[n+1]
		b.net.Variables = append(b.net.Variables, w, v)
		return w.Value, v.Value
	}
	l := b.shapes[b.weighted()]
	w, v := ops.NewVariable(b.root, name+"/weights", l.Weights...), ops.NewVariable(b.root, name+"/biases", l.Biases...)
	b.net.Variables = append(b.net.Variables, w, v)
	return w.Value, v.Value
}

// recordUse records on the tape the use of the newest weights and biases.
func (b *builder) recordUse() {
	for _, v := range b.net.Variables[len(b.net.Variables)-2:] {
		b.net.Tape.Use(v)
	}
}

// asFloat32 is the newest layer's output x in float32. Layers with weights read
// it in that form, so that cached features can be fed there.
func (b *builder) asFloat32(x tf.Output) tf.Output {
	if n := len(b.net.Activations); n > 0 && b.root.Err() == nil && x.DataType() != tf.Float {
		return b.net.Activations[n-1].Output
	}
	return x
}

// castTo converts the operands of the named layer to the type it computes in. Its variables stay float32.
func (b *builder) castTo(s *op.Scope, name string, x, weights, biases tf.Output) (_, _, _ tf.Output) {
	t := tf.Float
	if slices.Contains(b.net.Config.BFloat16, name) && tfgraph.HasBFloat16() {
		t = tf.Bfloat16
	}
	return ops.Cast(s.SubScope("input"), b.asFloat32(x), t), ops.Cast(s.SubScope("weights"), weights, t), ops.Cast(s.SubScope("biases"), biases, t)
}

// Activation returns the output of the named layer, the zero Output if there is none of that name.
func (n *Network) Activation(name string) tf.Output {
	for _, a := range n.Activations {
		if a.Name == name {
			return a.Output
		}
	}
	return tf.Output{}
}

// VariablesOf returns the variables of the named layers.
func (n *Network) VariablesOf(layers []string) []ops.Variable {
	var vars []ops.Variable
	for _, v := range n.Variables {
		if layer, _, _ := strings.Cut(v.Name, "/"); slices.Contains(layers, layer) {
			vars = append(vars, v)
		}
	}
	return vars
}

// Boundary is the input of the first trained layer, before any dropout. Everything below it is frozen, so its value
// depends on the image alone. ok is false where the first layer is trained or none is.
func (n *Network) Boundary(trained []string) (boundary tf.Output, ok bool) {
	dropouts := n.Config.Architecture().filter(func(l layer) bool { return l.kind == dropout })
	for _, a := range n.Activations {
		if slices.Contains(trained, a.Name) {
			return boundary, ok
		}
		if !slices.Contains(dropouts, a.Name) {
			boundary, ok = a.Output, true
		}
	}
	return tf.Output{}, false
}
