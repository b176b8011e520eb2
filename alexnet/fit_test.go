package alexnet

import (
	"slices"
	"strings"
	"testing"

	"alexnet/internal/weights"
)

// shapesOf are weights of the layers of c, without values.
func shapesOf(c Config, only ...string) *weights.File {
	f := new(weights.File)
	for _, l := range c.Layers() {
		if only == nil || slices.Contains(only, l.Name) {
			w := new(weights.Array)
			for _, d := range l.Weights {
				w.Shape = append(w.Shape, int(d))
			}
			f.Layers = append(f.Layers, weights.Layer{Name: l.Name, Weights: w})
		}
	}
	return f
}

// Another network is named as such; an AlexNet with a layer that does not fit is not another network.
func TestOtherNetwork(t *testing.T) {
	conv := func(name string, side, in, out int) weights.Layer {
		return weights.Layer{Name: name, Weights: &weights.Array{Shape: []int{side, side, in, out}}}
	}
	resnet := &weights.File{Path: "resnet.pth", Layers: []weights.Layer{conv("conv1", 7, 3, 64)}}
	for _, name := range strings.Fields("conv2 conv3 conv4 conv5 conv6 conv7") {
		resnet.Layers = append(resnet.Layers, conv(name, 3, 64, 64))
	}
	vgg := &weights.File{Layers: []weights.Layer{conv("conv1", 3, 3, 64)}}
	changed := shapesOf(Config{Classes: 3}.WithDefaults())
	changed.Layers[2].Weights.Shape[0] = 5
	for want, file := range map[string]*weights.File{
		"7 convolutions, the first of 7x7 pixels, as ResNet has": resnet,
		"a first convolution of 3x3 pixels, as VGG has":          vgg,
		"": changed,
	} {
		if got := otherNetwork(file); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	_, err := NewPlan(Config{Classes: 3}.WithDefaults(), resnet, Selection{Train: []string{"fc8"}})
	if err == nil || !strings.Contains(err.Error(), `got weights of another network in "resnet.pth", with 7 convolutions`) {
		t.Errorf("got %v, want the network named", err)
	}
}

// Weights fit the architecture that they come from, at any width, and none if they are of another network.
func TestFitting(t *testing.T) {
	bvlc, owt := Config{Classes: 7}.WithDefaults(), Config{Arch: "owt", Classes: 7}.WithDefaults()
	narrow := func(arch string) Config {
		return Config{Arch: arch, Classes: 3, Size: 67, Widths: []int{8, 12, 16, 12, 8, 20, 16}}
	}
	deeper := shapesOf(owt)
	deeper.Layers = append(deeper.Layers, weights.Layer{Name: "conv6", Weights: &weights.Array{Shape: []int{3, 3, 256, 256}}})
	vgg := shapesOf(owt)
	vgg.Layers[0].Weights.Shape = []int{3, 3, 3, 64}
	wider := shapesOf(bvlc)
	wider.Layers[5].Weights.Shape = []int{9217, 4096}
	for name, test := range map[string]struct {
		file *weights.File
		want string
	}{
		"bvlc":                {shapesOf(bvlc), "bvlc"},
		"owt":                 {shapesOf(owt), "owt"},
		"bvlc, convolutions":  {shapesOf(bvlc, "conv1", "conv2", "conv3", "conv4", "conv5"), "bvlc"},
		"owt, convolutions":   {shapesOf(owt, "conv1", "conv2", "conv3", "conv4", "conv5"), "owt"},
		"bvlc, narrow":        {shapesOf(narrow("bvlc")), "bvlc"},
		"owt, narrow":         {shapesOf(narrow("owt")), "owt"},
		"bvlc, one layer":     {shapesOf(bvlc, "conv1"), "bvlc owt"},
		"owt, one layer":      {shapesOf(owt, "conv1"), "owt bvlc"},
		"either's dense":      {shapesOf(owt, "fc7"), "bvlc owt"},
		"a deeper network":    {deeper, ""},
		"smaller windows":     {vgg, ""},
		"other inputs of fc6": {wider, ""},
		"nothing":             {new(weights.File), ""},
		"other layers":        {&weights.File{Layers: []weights.Layer{{Name: "norm", Weights: &weights.Array{Shape: []int{9}}}}}, ""},
		"a layer without shape": {&weights.File{Layers: []weights.Layer{{Name: "conv1", Weights: &weights.Array{}},
			{Name: "fc6", Biases: &weights.Array{Shape: []int{9}}}}}, ""},
	} {
		if got := strings.Join(Fitting(test.file), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
