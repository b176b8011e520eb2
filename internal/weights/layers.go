package weights

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"alexnet/internal/tensorfile"
)

// maxMemory bounds the arrays in float32: the size of a file, which may be sparse, is no bound. AlexNet takes 244 MB with
// 1,000 classes and 584 MB with 21,841.
const maxMemory = 768 << 20

// partNames are the ends of the names of weights (0) and biases (1).
var partNames = map[string]int{
	"weights": 0, "weight": 0, "W": 0, "w": 0, "kernel": 0,
	"biases": 1, "bias": 1, "B": 1, "b": 1,
}

// splitName reads conv1/weights, conv1_W, conv1.bias, also with the :0 that TensorFlow's variables end in.
func splitName(name string) (layer string, part int, ok bool) {
	name = strings.TrimSuffix(name, ":0")
	i := strings.LastIndexAny(name, "/._")
	if i < 1 {
		return "", 0, false
	}
	part, ok = partNames[name[i+1:]]
	return name[:i], part, ok
}

// located is a layer whose tensors are still in the file: weights, biases.
type located struct {
	name  string
	parts [2]*tensorfile.Tensor
}

// rank is the number of dimensions of the weights: 4 of a convolution, 2 of a fully connected layer.
func (l *located) rank() int {
	if l.parts[0] == nil {
		return 0
	}
	return len(l.parts[0].Shape)
}

// loader turns the tensors of a file into layers.
type loader struct {
	file   *File
	layers []*located
	// outFirst says that the file has convolutions as [out, in, rows, columns] and fully connected layers as [out, in].
	outFirst bool
	last     *located // convolution, whose outputs the first fully connected layer reads
	first    *located // fully connected layer
	arrays   map[*tensorfile.Data]*Array
}

// load maps the tensors to layers and reads those.
func load(path string, found *tensorfile.File) (*File, error) {
	l := &loader{file: &File{Path: path, Format: found.Format}, outFirst: found.OutFirst, arrays: map[*tensorfile.Data]*Array{}}
	if err := l.collect(found); err != nil {
		return nil, err
	}
	l.file.Other = found.Skipped()
	if len(l.layers) == 0 {
		return nil, tensorfile.Malformed(0, "layers, each with weights and biases", "other entries %q", l.file.Other[:min(len(l.file.Other), 5)])
	}
	if err := l.name(); err != nil {
		return nil, err
	}
	l.file.Channels = cmp.Or(Channels(found.Channels), l.file.Channels)
	if err := l.checkMemory(); err != nil {
		return nil, err
	}
	return l.file, l.read()
}

// collect groups the tensors that are called LAYER/weights or LAYER/biases, in any of the forms that splitName reads.
func (l *loader) collect(found *tensorfile.File) error {
	byName := map[string]*located{}
	for _, t := range found.Tensors {
		name, part, ok := splitName(t.Name)
		if !ok {
			found.Skip(t.Name)
			continue
		}
		layer := byName[name]
		if layer == nil {
			layer = &located{name: name}
			byName[name] = layer
			l.layers = append(l.layers, layer)
		}
		if layer.parts[part] != nil {
			return tensorfile.Malformed(t.At, "each array once", "%q and %q", layer.parts[part].Name, t.Name)
		}
		layer.parts[part] = t
	}
	return nil
}

// ownName is what layers are called here, and by Caffe.
var ownName = regexp.MustCompile(`^(conv|fc)([1-9]\d?)$`)

// name gives the layers their names here, if any has another: without what all names begin with, or by order.
func (l *loader) name() error {
	prefix := commonPrefix(l.layers)
	named := func(layer *located) bool { return ownName.MatchString(layer.name[len(prefix):]) }
	if slices.ContainsFunc(l.layers, named) {
		for _, layer := range l.layers {
			layer.name = layer.name[len(prefix):]
		}
	} else {
		l.nameByOrder()
	}
	return l.findBoundary()
}

// commonPrefix is the longest beginning of all names that ends in a separator.
func commonPrefix(layers []*located) string {
	prefix := layers[0].name
	for _, layer := range layers {
		for !strings.HasPrefix(layer.name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return prefix[:strings.LastIndexAny(prefix, "/.")+1]
}

// nameByOrder counts the convolutions and then the fully connected layers, in the order of their names with numbers compared
// as such, and drops layers that are neither. A file without convolutions keeps its names.
func (l *loader) nameByOrder() {
	byRank := func(rank int) (some []*located) {
		for _, layer := range l.layers {
			if layer.rank() == rank {
				some = append(some, layer)
			}
		}
		slices.SortStableFunc(some, func(a, b *located) int { return compareNatural(a.name, b.name) })
		return some
	}
	convolutions, dense := byRank(4), byRank(2)
	if len(convolutions) == 0 {
		return
	}
	// Beside an AlexNet's own layers, which have biases, the file may have others, such as those of LPIPS.
	biased := slices.DeleteFunc(slices.Clone(convolutions), func(l *located) bool { return l.parts[1] == nil })
	if len(biased) > 0 {
		convolutions = biased
	}
	l.file.Channels = RGB
	for i, layer := range convolutions {
		layer.name = fmt.Sprintf("conv%d", i+1)
	}
	for i, layer := range dense {
		layer.name = fmt.Sprintf("fc%d", len(convolutions)+i+1)
	}
	kept := slices.Concat(convolutions, dense)
	for _, layer := range l.layers {
		if !slices.Contains(kept, layer) {
			for _, t := range layer.parts {
				if t != nil {
					l.file.Other = append(l.file.Other, t.Name)
				}
			}
		}
	}
	l.layers = kept
}

// compareNatural compares names with numbers in them: features.3 is before features.10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, restA := firstToken(a)
		y, restB := firstToken(b)
		m, errA := strconv.ParseUint(x, 10, 63)
		n, errB := strconv.ParseUint(y, 10, 63)
		c := cmp.Compare(x, y)
		if errA == nil && errB == nil {
			c = cmp.Compare(m, n)
		}
		if c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// firstToken splits off the digits, or else the first byte.
func firstToken(s string) (token, rest string) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	n = max(n, 1)
	return s[:n], s[n:]
}

// findBoundary finds the last convolution, the fully connected layer after it, and by the first convolution, which reads
// three channels, the layout. A layout that shapes do not tell is the format's.
func (l *loader) findBoundary() error {
	lowest, highest, lowestDense := math.MaxInt, 0, math.MaxInt
	for _, layer := range l.layers {
		m := ownName.FindStringSubmatch(layer.name)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[2]) // digits
		switch {
		case layer.rank() == 4 && m[1] == "conv":
			if n > highest {
				highest, l.last = n, layer
			}
			if shape := layer.parts[0].Shape; n < lowest {
				lowest = n
				outFirst, inFirst := shape[1] == 3 && shape[2] == shape[3], shape[2] == 3 && shape[0] == shape[1]
				if outFirst != inFirst {
					l.outFirst = outFirst
				}
			}
		case layer.rank() == 2 && m[1] == "fc" && n < lowestDense:
			lowestDense, l.first = n, layer
		}
	}
	if l.outFirst && l.first != nil && lowestDense != highest+1 {
		return tensorfile.Malformed(l.first.parts[0].At, "the convolution before the first fully connected layer: its channels say in which order that has its inputs",
			"%q without it", l.first.parts[0].Name)
	}
	return nil
}

// checkMemory refuses layers that take too much memory before any of them is read.
func (l *loader) checkMemory() error {
	need := int64(0)
	seen := make(map[*tensorfile.Data]bool)
	for _, layer := range l.layers {
		for _, t := range layer.parts {
			if t == nil || seen[t.Data] {
				continue
			}
			seen[t.Data] = true
			if need += 4 * min(int64(tensorfile.Elements(t.Shape)), maxMemory); need > maxMemory {
				return tensorfile.Locate(t.Path, tensorfile.Malformed(t.At, fmt.Sprintf("layers that take at most %d bytes of memory", maxMemory),
					"shape %v for %q, with which they take %d or more", t.Shape, t.Name, need))
			}
		}
	}
	return nil
}

func (l *loader) read() error {
	for _, layer := range l.layers {
		result := Layer{Name: layer.name}
		for part, to := range []**Array{&result.Weights, &result.Biases} {
			t := layer.parts[part]
			if t == nil {
				continue
			}
			var err error
			if *to, err = l.array(layer, t, part); err != nil {
				return tensorfile.Locate(t.Path, err)
			}
		}
		l.file.Layers = append(l.file.Layers, result)
	}
	return nil
}

// array reads a tensor in the layout of package alexnet.
func (l *loader) array(layer *located, t *tensorfile.Tensor, part int) (*Array, error) {
	if l.arrays[t.Data] != nil {
		return l.arrays[t.Data], nil
	}
	d, axes, shape := t.Data, []int(nil), t.Shape
	if part == 0 && l.outFirst {
		d, axes = l.layout(layer, t.Data)
		shape = permute(d.Shape, axes)
		if len(t.Shape) == 2 {
			shape = []int{t.Shape[1], t.Shape[0]}
		}
	}
	data, err := d.Read(axes)
	if err != nil {
		return nil, err
	}
	a := &Array{Shape: shape, Data: data, Tensor: t.Name, Stored: t.Shape, Dtype: t.Type.String()}
	l.arrays[t.Data] = a
	return a, nil
}

// layout returns how weights that have their outputs first are read. The inputs of the first fully connected layer are split
// into channels, rows and columns.
func (l *loader) layout(layer *located, d *tensorfile.Data) (*tensorfile.Data, []int) {
	switch len(d.Shape) {
	case 4:
		return d, []int{2, 3, 1, 0}
	case 2:
		if layer == l.first {
			channels := l.last.parts[0].Shape[0]
			side := int(math.Round(math.Sqrt(float64(d.Shape[1]) / float64(channels))))
			if channels*side*side == d.Shape[1] {
				return d.Split(1, channels, side, side), []int{2, 3, 1, 0}
			}
		}
		return d, []int{1, 0}
	}
	return d, nil
}

func permute(shape, axes []int) []int {
	if axes == nil {
		return shape
	}
	permuted := make([]int, len(axes))
	for i, axis := range axes {
		permuted[i] = shape[axis]
	}
	return permuted
}
