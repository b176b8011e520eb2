package npy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// catalog sorts the entries of a file into layers before any data is read.
type catalog struct {
	layers   []*located
	byName   map[string]*located
	other    []string // names of the first maxOther skipped entries
	skipped  int      // entries that do not belong to a layer
	entries  int      // entries of layers, each as often as it is referenced
	opcodes  int      // opcodes of pickles run so far
	unpacked int64    // bytes of pickles unpacked into memory
}

// maxMemory bounds the arrays in float32, a second copy of the largest one that has to be transposed, and unpacked
// pickles. AlexNet takes 244 MB with 1,000 classes and 584 MB with 21,841.
const maxMemory = 768 << 20

// maxOther is how many entries outside layers are named.
const maxOther = 256

// located is a layer whose arrays are still in the file.
type located struct {
	name string
	part [2]*ndarray // weights, biases
}

// partNames are the names of weights (0) and biases (1), as keys of a layer's dictionary and at the end of flat names.
var partNames = map[string]int{
	"weights": 0, "weight": 0, "W": 0, "w": 0, "kernel": 0,
	"biases": 1, "bias": 1, "B": 1, "b": 1,
}

// addRoot adds the value of a whole pickle: the dictionary of layers, by itself or as the
// only element of an object array.
func (c *catalog) addRoot(v any, at int64) error {
	v = unwrap(v)
	d, ok := v.(*dict)
	if !ok {
		return malformed(at, "a dictionary of layers", "%s", describe(v))
	}
	for i, key := range d.keys {
		name, ok := key.(text)
		if !ok {
			c.skip(describe(key), "")
			continue
		}
		if err := c.add(name.s, d.values[i], name.off); err != nil {
			return err
		}
	}
	return nil
}

// unwrap removes the object array of one element around a value.
func unwrap(v any) any {
	if a, ok := v.(*ndarray); ok && len(a.objects) == 1 {
		return a.objects[0]
	}
	return v
}

// add adds one entry: a layer with weights and biases, or one of them under a flat name.
func (c *catalog) add(name string, v any, at int64) error {
	if !validName(name) {
		return malformed(at, fmt.Sprintf("a printable name of 1 to %d bytes", maxText), "name %.40q", name)
	}
	switch v := v.(type) {
	case *dict:
		return c.addParts(name, v, at)
	case *sequence:
		return c.addPair(name, v.items, at)
	case *ndarray:
		if v.objects != nil {
			return c.addPair(name, v.objects, at)
		}
		if layer, part, ok := SplitName(name); ok {
			return c.put(layer, part, v, at)
		}
	}
	c.skip(name, "")
	return nil
}

// skip counts an entry outside a layer, or a key of a layer's dictionary, and builds a name
// for it only if it is listed.
func (c *catalog) skip(name, key string) {
	if c.skipped++; c.skipped > maxOther {
		return
	}
	if key != "" {
		name = fmt.Sprintf("%s/%.40s", name, strings.Trim(strconv.Quote(key), `"`))
	}
	c.other = append(c.other, name)
}

// countEntries bounds the entries visited. Many entries may share one list or dictionary,
// so a small pickle could cause a quadratic number of visits.
func (c *catalog) countEntries(n int, at int64) error {
	if c.entries += n; c.entries > maxOpcodes {
		return malformed(at, fmt.Sprintf("at most %d entries in layers", maxOpcodes), "%d", c.entries)
	}
	return nil
}

// addPair reads layer: [weights, biases].
func (c *catalog) addPair(name string, items []any, at int64) error {
	if err := c.countEntries(len(items), at); err != nil {
		return err
	}
	if !slices.ContainsFunc(items, isNumeric) {
		c.skip(name, "")
		return nil
	}
	if len(items) > 2 {
		return malformed(at, fmt.Sprintf("weights and biases of %q", name), "%d values", len(items))
	}
	for part, item := range items {
		if item == nil {
			continue
		}
		if !isNumeric(item) {
			return malformed(at, fmt.Sprintf("an array in %q", name), "%s", describe(item))
		}
		if err := c.put(name, part, item.(*ndarray), at); err != nil {
			return err
		}
	}
	return nil
}

// addParts reads layer: {"weights": …, "biases": …}.
func (c *catalog) addParts(name string, parts *dict, at int64) error {
	if err := c.countEntries(len(parts.keys), at); err != nil {
		return err
	}
	for i, key := range parts.keys {
		k, ok := key.(text)
		part, known := partNames[k.s]
		if !ok || !known || !isNumeric(parts.values[i]) {
			c.skip(name, k.s)
			continue
		}
		if err := c.put(name, part, parts.values[i].(*ndarray), at); err != nil {
			return err
		}
	}
	return nil
}

func isNumeric(v any) bool {
	a, ok := v.(*ndarray)
	return ok && a.open != nil
}

// SplitName reads conv1/weights, conv1_W, conv1.bias, also with the :0 that TensorFlow's variables end in: part is 0 for
// weights, 1 for biases.
func SplitName(name string) (layer string, part int, ok bool) {
	name = strings.TrimSuffix(name, ":0")
	i := strings.LastIndexAny(name, "/._")
	if i < 1 {
		return "", 0, false
	}
	part, ok = partNames[name[i+1:]]
	return name[:i], part, ok
}

func (c *catalog) put(name string, part int, a *ndarray, at int64) error {
	layer := c.byName[name]
	if layer == nil {
		layer = &located{name: name}
		if c.byName == nil {
			c.byName = make(map[string]*located)
		}
		c.byName[name] = layer
		c.layers = append(c.layers, layer)
	}
	if layer.part[part] != nil {
		return malformed(at, "each array once", "a second one for %q", name)
	}
	layer.part[part] = a
	return nil
}

// read loads the layers.
func (c *catalog) read(dialect string) (*Weights, error) {
	if len(c.layers) == 0 {
		names := c.other[:min(len(c.other), 5)]
		return nil, malformed(0, "layers, each with weights and biases", "%d other entries %q", c.skipped, names)
	}
	w := &Weights{Dialect: dialect, Other: c.other}
	if more := c.skipped - len(c.other); more > 0 {
		w.Other = append(w.Other, fmt.Sprintf("%d more", more))
	}
	if err := c.checkMemory(); err != nil {
		return nil, err
	}
	arrays := make(map[*ndarray]*Array)
	for _, l := range c.layers {
		var parts [2]*Array
		for i, a := range l.part {
			if a == nil {
				continue
			}
			if arrays[a] == nil {
				var err error
				if arrays[a], err = a.load(); err != nil {
					return nil, locate(a.path, err)
				}
			}
			parts[i] = arrays[a]
		}
		w.Layers = append(w.Layers, Layer{l.name, parts[0], parts[1]})
	}
	return w, nil
}

// checkMemory refuses layers that take too much memory before any of them is read: the
// size of a file, which may be sparse, or of an archive is no bound.
func (c *catalog) checkMemory() error {
	need, moved := c.unpacked, int64(0)
	seen := make(map[*ndarray]bool)
	for _, l := range c.layers {
		for _, a := range l.part {
			if a == nil || seen[a] {
				continue
			}
			seen[a] = true
			size := 4 * min(int64(a.count), maxMemory)
			if need += size; a.axes != nil {
				moved = max(moved, size)
			}
			if need+moved > maxMemory {
				return locate(a.path, malformed(a.at, fmt.Sprintf("layers that take at most %d bytes of memory", maxMemory),
					"shape %v for %q, with which they take %d or more", a.shape(), l.name, need+moved))
			}
		}
	}
	return nil
}
