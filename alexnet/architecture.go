package alexnet

import (
	"fmt"
	"slices"
)

// Architecture is a network as data: everything that depends on its layers (graph, shapes, names, receptive fields)
// derives from it. To add one, write its literal in a file of its own and list it in architectures.
type Architecture struct {
	Name          string
	LearningRate  float64       // of gradient descent, for fine-tuning; measured
	preprocessing Preprocessing // without Orientation, Classes and Decode; Resize is the default
	layers        []layer       // from the image upwards
	trainable     []string      // by default, with pretrained weights
	torchvision   bool          // torchvision has it as two sequences of modules, features and classifier
}

// architectures are all that a [Config] can name; the first is the default.
var architectures = []*Architecture{&BVLC, &OWT}

// ArchitectureNames are the names that a [Config] may have as Arch.
func ArchitectureNames() []string {
	var names []string
	for _, a := range architectures {
		names = append(names, a.Name)
	}
	return names
}

// kind is the operation of a layer.
type kind int

const (
	conv    kind = iota + 1 // convolution, biases and ReLU
	lrn                     // local response normalization across channels
	maxPool                 // maximum over windows
	flatten                 // [N,H,W,C] to [N,H*W*C]
	dense                   // fully connected: product, biases and, except in the last layer, ReLU
	dropout                 // in training, after trainable layers
)

// layer is one row of an architecture. Its name is the scope, the prefix of its
// variables, the checkpoint key and the key in weights files.
type layer struct {
	kind   kind
	name   string
	out    int // channels of a convolution, units of a fully connected layer
	size   int // side of a convolution's or pool's window
	stride int // of the window; 0 means 1
	pad    int // zeros on each side of a convolution's input
	groups int // of a convolution; 0 means 1
}

// weighted reports whether the layer has weights and biases.
func (l layer) weighted() bool { return l.kind == conv || l.kind == dense }

// outputSide is the side of the layer's output for an input of the given side.
func (l layer) outputSide(side int) int {
	if l.kind == conv || l.kind == maxPool {
		return (side+2*l.pad-l.size)/l.stride + 1
	}
	return side
}

// inputSide is the smallest input side that gives an output of the given side.
func (l layer) inputSide(side int) int {
	if l.kind == conv || l.kind == maxPool {
		return (side-1)*l.stride + l.size - 2*l.pad
	}
	return side
}

// ModuleNames are the names of PyTorch's modules by layer: torchvision's, which number the modules of a sequence, ReLU among
// them, or else the layers' own.
func (a Architecture) ModuleNames() map[string]string {
	names := map[string]string{}
	sequence, number := "features", 0
	for _, l := range a.layers {
		name := l.name
		if a.torchvision {
			name = fmt.Sprintf("%s.%d", sequence, number)
		}
		switch l.kind {
		case conv, dense:
			names[l.name] = name
			number += 2
		case flatten: // a function
			sequence, number = "classifier", 0
		default:
			number++
		}
	}
	return names
}

// filter returns the names of the layers for which keep is true.
func (a Architecture) filter(keep func(layer) bool) []string {
	var names []string
	for _, l := range a.layers {
		if keep(l) {
			names = append(names, l.name)
		}
	}
	return names
}

// LayerNames are the layers with weights, from the image upwards.
func (a Architecture) LayerNames() []string { return a.filter(layer.weighted) }

// DefaultTrainable are the layers that train by default: with pretrained weights
// the architecture's own choice, from scratch all.
func (a Architecture) DefaultTrainable(pretrained bool) []string {
	if pretrained {
		return slices.Clone(a.trainable)
	}
	return a.LayerNames()
}

// classifier is the layer with an output per class, which starts from scratch
// where the classes differ from those of the weights file.
func (a Architecture) classifier() string { return a.fromTop(1) }

// Embedding is the last hidden layer, whose output describes an image.
func (a Architecture) Embedding() string { return a.fromTop(2) }

func (a Architecture) fromTop(n int) string {
	names := a.LayerNames()
	return names[len(names)-n]
}

// Features is the last layer with spatial extent.
func (a Architecture) Features() string {
	i := slices.IndexFunc(a.layers, func(l layer) bool { return l.kind == flatten })
	return a.layers[i-1].name
}

// FirstConv is the convolution that reads the image: its filters can be shown.
func (a Architecture) FirstConv() string { return a.convs()[0] }

// LastConv is the convolution whose channels Grad-CAM weighs.
func (a Architecture) LastConv() string { return a.convs()[len(a.convs())-1] }

func (a Architecture) convs() []string {
	return a.filter(func(l layer) bool { return l.kind == conv })
}

// ReceptiveField locates what the units of a layer see: unit i is centered on
// pixel offset + i*stride of the input, in each direction.
func (a Architecture) ReceptiveField(name string) (offset, stride int) {
	stride = 1
	for _, l := range a.resolved() {
		if l.kind == conv || l.kind == maxPool {
			offset += stride * ((l.size-1)/2 - l.pad)
			stride *= l.stride
		}
		if l.name == name {
			break
		}
	}
	return offset, stride
}

// resolved returns the layers with their defaults filled in.
func (a Architecture) resolved() []layer {
	layers := slices.Clone(a.layers)
	for i := range layers {
		layers[i].stride = max(layers[i].stride, 1)
		layers[i].groups = max(layers[i].groups, 1)
	}
	return layers
}

// minSize is the smallest image side that leaves every layer an output.
func (a Architecture) minSize() int {
	side := 1
	for _, l := range slices.Backward(a.resolved()) {
		side = l.inputSide(side)
	}
	return side
}
