// Package alexnet builds networks of the AlexNet family: the network of Krizhevsky, Sutskever and Hinton (NIPS 2012) as
// [BVLC] published it for Caffe. Start with [Config] and [Build]; [Config.Preprocessing] says how an image becomes the
// network's input, which a [Decoder] carries out.
//
// Feature maps are float32 NHWC. A layer has one name everywhere: scope, variable prefix, checkpoint key and key in
// weights files; names depend on the architecture alone. The package prints nothing.
package alexnet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Config is an architecture with the values that may differ between its instances. Only Classes has no default.
type Config struct {
	Arch    string `json:"arch,omitempty"`   // name of the architecture; BVLC's
	Classes int    `json:"classes"`          // outputs of the last layer
	Size    int    `json:"size,omitempty"`   // side of the input image; the architecture's
	Widths  []int  `json:"widths,omitempty"` // channels or units of each layer with weights but the last; the architecture's
	LRN     LRN    `json:"lrn,omitempty"`    // how local response normalization is computed; LRNOps

	// BFloat16 names layers to compute in bfloat16, with the pools and norms after them, on processors with
	// instructions for it. Their variables and gradients stay float32.
	BFloat16 []string `json:"bfloat16,omitempty"`
}

// LRN selects one of two implementations of the same function.
type LRN string

// LRNOps computes the window's sum as a product with a band matrix, which is faster; LRNKernel calls TensorFlow's LRN
// kernel. The two agree to a millionth of the scale, but at a tie in a later max-pool that can route a convolution's
// gradient through a different pixel than Python's.
const (
	LRNOps    LRN = "ops"
	LRNKernel LRN = "kernel"
)

// Architecture returns the architecture that c names, the zero one if there is none of that name.
func (c Config) Architecture() Architecture {
	for _, a := range architectures {
		if c.Arch == a.Name || c.Arch == "" {
			return *a
		}
	}
	return Architecture{}
}

// WithDefaults fills in zero fields.
func (c Config) WithDefaults() Config {
	a := c.Architecture()
	c.Size = cmp.Or(c.Size, a.preprocessing.Size)
	c.LRN = cmp.Or(c.LRN, LRNOps)
	if c.Widths == nil {
		for _, l := range a.layers {
			if l.weighted() && l.out > 0 {
				c.Widths = append(c.Widths, l.out)
			}
		}
	}
	return c
}

// layers are the architecture's with the widths and classes of c.
func (c Config) layers() []layer {
	c = c.WithDefaults()
	layers, widths := c.Architecture().resolved(), append(slices.Clone(c.Widths), c.Classes)
	for i := range layers {
		if layers[i].weighted() && len(widths) > 0 {
			layers[i].out, widths = widths[0], widths[1:]
		}
	}
	return layers
}

// The largest networks, ten times the paper's. A description in a file may claim any size, and a graph of that size,
// LRN's band matrix above all, is built before its weights are read.
const (
	maxClasses  = 1 << 20
	maxSize     = 4096
	maxChannels = 4096
	maxUnits    = 1 << 16
)

// Validate reports everything that is wrong with c after WithDefaults.
func (c Config) Validate() error {
	a := c.Architecture()
	if a.Name == "" {
		return fmt.Errorf("arch: got %q, want one of %q", c.Arch, ArchitectureNames())
	}
	var errs []error
	if c.Classes < 2 || c.Classes > maxClasses {
		errs = append(errs, fmt.Errorf("classes: got %d, want 2 to %d", c.Classes, maxClasses))
	}
	if low := a.minSize(); c.Size < low || c.Size > maxSize {
		errs = append(errs, fmt.Errorf("size: got %d, want %d, at which %s has one pixel, to %d", c.Size, low, a.Features(), maxSize))
	}
	errs = append(errs, c.validateWidths()...)
	for _, name := range c.BFloat16 {
		if !slices.Contains(a.LayerNames(), name) {
			errs = append(errs, fmt.Errorf("bfloat16: got layer %q, want one of %v", name, a.LayerNames()))
		}
	}
	if c.LRN != LRNOps && c.LRN != LRNKernel {
		errs = append(errs, fmt.Errorf("lrn: got %q, want %q or %q", c.LRN, LRNOps, LRNKernel))
	}
	return errors.Join(errs...)
}

func (c Config) validateWidths() (errs []error) {
	names := c.Architecture().LayerNames()
	if got, want := len(c.Widths), len(names)-1; got != want {
		return []error{fmt.Errorf("widths: got %d numbers, want %d, for %s to %s", got, want, names[0], names[want-1])}
	}
	layers := slices.DeleteFunc(c.layers(), func(l layer) bool { return !l.weighted() })
	for i, l := range layers[:len(layers)-1] {
		largest, groups := maxChannels, max(l.groups, layers[i+1].groups)
		if l.kind == dense {
			largest = maxUnits
		}
		if l.out < 1 || l.out > largest || l.out%l.groups != 0 || l.out%layers[i+1].groups != 0 {
			errs = append(errs, fmt.Errorf("width of %s: got %d, want a multiple of %d, the groups of its convolution or the next, up to %d", l.name, l.out, groups, largest))
		}
	}
	return errs
}

// Layer is a layer with weights.
type Layer struct {
	Name    string
	Weights []int64 // shape: HWIO for a convolution, [in, out] for a fully connected layer
	Biases  []int64 // shape
}

// Parameters counts the layer's weights and biases.
func (l Layer) Parameters() int64 {
	n := int64(1)
	for _, d := range l.Weights {
		n *= d
	}
	return n + l.Biases[0]
}

// Layers returns the layers with weights and their shapes.
func (c Config) Layers() []Layer {
	var shapes []Layer
	side, in := c.WithDefaults().Size, 3
	add := func(l layer, weights ...int64) {
		shapes = append(shapes, Layer{Name: l.name, Weights: weights, Biases: weights[len(weights)-1:]})
		in = l.out
	}
	for _, l := range c.layers() {
		switch l.kind {
		case conv:
			add(l, int64(l.size), int64(l.size), int64(in/l.groups), int64(l.out))
		case flatten:
			in *= side * side
		case dense:
			add(l, int64(in), int64(l.out))
		}
		side = l.outputSide(side)
	}
	return shapes
}
