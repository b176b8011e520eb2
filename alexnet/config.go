package alexnet

import (
	"errors"
	"fmt"
	"slices"
)

// Config describes a network. Only Classes has no default.
type Config struct {
	Classes int    `json:"classes"`        // outputs of fc8
	Size    int    `json:"size,omitempty"` // side of the input picture; 227
	Widths  Widths `json:"widths,omitzero"`
	LRN     LRN    `json:"lrn,omitempty"` // how norm1 and norm2 are computed; LRNOps

	// BFloat16 names layers that are computed in bfloat16, with the pools and
	// norms that follow them, where the processor has instructions for it. Their
	// variables and gradients are float32 all the same.
	BFloat16 []string `json:"bfloat16,omitempty"`
}

// Widths are the channels of conv1…conv5, even numbers as convolutions run in
// two groups, and the units of fc6 and fc7.
type Widths struct {
	Conv [5]int `json:"conv"`
	FC   [2]int `json:"fc"`
}

// BVLC are the widths of bvlc_alexnet (Caffe's models/bvlc_alexnet).
var BVLC = Widths{Conv: [5]int{96, 256, 384, 384, 256}, FC: [2]int{4096, 4096}}

// LRN chooses between two forms of the same function.
type LRN string

// LRNOps computes the window's sum as a product with a band matrix, which is
// faster; LRNKernel calls TensorFlow's LRN kernel. The two agree to a millionth
// of the scale, but at a tie in a later max-pool that may send a convolution's
// gradient through another pixel than Python's.
const (
	LRNOps    LRN = "ops"
	LRNKernel LRN = "kernel"
)

// WithDefaults fills what is zero.
func (c Config) WithDefaults() Config {
	if c.Size == 0 {
		c.Size = 227
	}
	if c.Widths == (Widths{}) {
		c.Widths = BVLC
	}
	if c.LRN == "" {
		c.LRN = LRNOps
	}
	return c
}

// The largest networks, ten times the paper's. A description in a file may claim
// any; a graph of its size, LRN's band matrix above all, is made before its
// weights are looked for.
const (
	maxClasses  = 1 << 20
	maxSize     = 4096
	maxChannels = 4096
	maxUnits    = 1 << 16
)

// Validate reports everything that is wrong with c after WithDefaults.
func (c Config) Validate() error {
	var errs []error
	if c.Classes < 2 || c.Classes > maxClasses {
		errs = append(errs, fmt.Errorf("classes: got %d, want 2 to %d", c.Classes, maxClasses))
	}
	if c.Size < 67 || c.Size > maxSize {
		errs = append(errs, fmt.Errorf("size: got %d, want at least 67, where pool5 still has one pixel, and at most %d", c.Size, maxSize))
	}
	for i, w := range c.Widths.Conv {
		if w < 1 || w%2 != 0 || w > maxChannels {
			errs = append(errs, fmt.Errorf("width of conv%d: got %d, want an even number, as convolutions run in two groups, up to %d", i+1, w, maxChannels))
		}
	}
	for i, w := range c.Widths.FC {
		if w < 1 || w > maxUnits {
			errs = append(errs, fmt.Errorf("width of fc%d: got %d, want 1 to %d", i+6, w, maxUnits))
		}
	}
	for _, name := range c.BFloat16 {
		if !slices.Contains(LayerNames, name) {
			errs = append(errs, fmt.Errorf("bfloat16: got layer %q, want one of %v", name, LayerNames))
		}
	}
	if c.LRN != LRNOps && c.LRN != LRNKernel {
		errs = append(errs, fmt.Errorf("lrn: got %q, want %q or %q", c.LRN, LRNOps, LRNKernel))
	}
	return errors.Join(errs...)
}

// Layer is one of the eight layers with weights.
type Layer struct {
	Name    string
	Weights []int64 // shape: HWIO for a convolution, [in, out] for fc
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

// LayerNames are the layers with weights, from the picture upwards.
var LayerNames = []string{"conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"}

// Layers gives the shapes of the eight layers for c (2012, figure 2; the inputs
// of conv2, conv4 and conv5 are halved by their two groups).
func (c Config) Layers() []Layer {
	c = c.WithDefaults()
	k, f := c.Widths.Conv, c.Widths.FC
	side := c.pool5()
	layer := func(name string, shape ...int) Layer {
		w := make([]int64, len(shape))
		for i, d := range shape {
			w[i] = int64(d)
		}
		return Layer{Name: name, Weights: w, Biases: w[len(w)-1:]}
	}
	return []Layer{
		layer("conv1", 11, 11, 3, k[0]),
		layer("conv2", 5, 5, k[0]/2, k[1]),
		layer("conv3", 3, 3, k[1], k[2]),
		layer("conv4", 3, 3, k[2]/2, k[3]),
		layer("conv5", 3, 3, k[3]/2, k[4]),
		layer("fc6", side*side*k[4], f[0]),
		layer("fc7", f[0], f[1]),
		layer("fc8", f[1], c.Classes),
	}
}

// pool5 is the side of the last feature map: 6 for pictures of 227.
func (c Config) pool5() int {
	side := (c.Size-11)/4 + 1
	for range 3 {
		side = (side-3)/2 + 1
	}
	return side
}
