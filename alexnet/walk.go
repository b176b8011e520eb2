package alexnet

import "alexnet/ops"

// Visitor receives the layers of a network that infers, from the image upwards: what another program needs to build it.
// Sides, strides and paddings are in pixels.
type Visitor interface {
	Conv(name string, size, stride, pad, groups int) // convolution, biases and ReLU
	LRN(name string, p ops.LRNParams)                // local response normalization across channels
	MaxPool(name string, size, stride int)           // without padding
	Flatten(name string, channels int)               // [N,H,W,C] to [N,H*W*C]
	Dense(name string, last bool)                    // product, biases and, except in the last layer, ReLU
}

// Walk calls v for each layer. Dropout does nothing in inference.
func (c Config) Walk(v Visitor) {
	layers, channels := c.layers(), 0
	for i, l := range layers {
		switch l.kind {
		case conv:
			v.Conv(l.name, l.size, l.stride, l.pad, l.groups)
			channels = l.out
		case lrn:
			v.LRN(l.name, bvlcLRN)
		case maxPool:
			v.MaxPool(l.name, l.size, l.stride)
		case flatten:
			v.Flatten(l.name, channels)
		case dense:
			v.Dense(l.name, i == len(layers)-1)
		}
	}
}
