package alexnet

import (
	"fmt"
	"slices"
	"strings"

	"alexnet/internal/weights"
)

// Fitting returns the names of the architectures whose layers the weights fit, in any widths: the first one is that whose
// own widths most of the layers have. Weights of a layer or two may fit several, those of another network fit none.
func Fitting(file *weights.File) []string {
	type fit struct {
		name  string
		exact int
	}
	var fits []fit
	for _, a := range architectures {
		if a.fits(file) {
			fits = append(fits, fit{a.Name, a.exactWidths(file)})
		}
	}
	slices.SortStableFunc(fits, func(x, y fit) int { return y.exact - x.exact })
	var names []string
	for _, f := range fits {
		names = append(names, f.name)
	}
	return names
}

// otherNetwork describes the network that the weights are of if it cannot be an AlexNet, by its first and its last
// convolution; else it is "".
func otherNetwork(file *weights.File) string {
	first, convolutions := 0, 0
	for _, l := range file.Layers {
		if l.Weights == nil || len(l.Weights.Shape) != 4 || !strings.HasPrefix(l.Name, "conv") {
			continue
		}
		if convolutions++; l.Name == BVLC.FirstConv() {
			first = l.Weights.Shape[0]
		}
	}
	known := map[int]string{3: ", as VGG has", 7: ", as ResNet has"}[first]
	switch {
	case convolutions > len(BVLC.convs()):
		return fmt.Sprintf("%d convolutions, the first of %dx%[2]d pixels%s", convolutions, first, known)
	case first != 0 && first != BVLC.layers[0].size:
		return fmt.Sprintf("a first convolution of %dx%[1]d pixels%s", first, known)
	}
	return ""
}

// fits reports whether the file has layers of the architecture, no convolution besides, and shapes that agree with the
// sizes of windows, the groups, and each other.
func (a Architecture) fits(file *weights.File) bool {
	for _, l := range file.Layers {
		if strings.HasPrefix(l.Name, "conv") && !slices.Contains(a.LayerNames(), l.Name) {
			return false
		}
	}
	found, inputs := false, 3 // 0: unknown, as the layer below is not in the file
	for _, l := range a.resolved() {
		if !l.weighted() {
			continue
		}
		w, _, _ := file.Lookup(l.name)
		if w == nil {
			inputs = 0
			continue
		}
		if !l.fits(w.Shape, inputs) {
			return false
		}
		found, inputs = true, w.Shape[len(w.Shape)-1]
	}
	return found
}

// fits reports whether weights of this shape can read the outputs of the layer below, which are repeated at each pixel for
// the first fully connected layer.
func (l layer) fits(shape []int, inputs int) bool {
	if l.kind == conv {
		return len(shape) == 4 && shape[0] == l.size && shape[1] == l.size && (inputs == 0 || shape[2]*l.groups == inputs)
	}
	return len(shape) == 2 && (inputs == 0 || shape[0]%inputs == 0)
}

// exactWidths counts the layers of the file that have the architecture's width.
func (a Architecture) exactWidths(file *weights.File) (n int) {
	for _, l := range a.layers {
		if w, _, _ := file.Lookup(l.name); l.weighted() && w != nil && w.Shape[len(w.Shape)-1] == l.out {
			n++
		}
	}
	return n
}
