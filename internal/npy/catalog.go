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
	other    []string // the first maxOther of the left ones, by name
	skipped  int      // entries that are no layer's
	entries  int      // entries of layers, each as often as it is referred to
	opcodes  int      // opcodes of pickles
	unpacked int64    // bytes of pickles that were unpacked into memory
	forms    []string // how layers were written, each once, for the dialect
}

// maxMemory bounds what arrays take in float32, the largest that has to be put in order
// once more, and unpacked pickles. AlexNet takes 244 MB with 1,000 classes and 584 MB
// with 21,841.
const maxMemory = 768 << 20

// maxOther is how many entries that are no layer's are named.
const maxOther = 256

// located is a layer whose arrays are still in the file.
type located struct {
	name string
	part [2]*ndarray // weights, biases
}

// partNames are the names that weights and biases go by, as keys of a layer's
// dictionary and at the end of flat names.
var partNames = map[string]int{
	"weights": 0, "weight": 0, "W": 0, "w": 0, "kernel": 0,
	"biases": 1, "bias": 1, "B": 1, "b": 1,
}

// addRoot takes the value that a whole pickle made: the dictionary of layers, by
// itself or as the only element of object arrays around it.
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

// unwrap takes object arrays of one element off a value.
func unwrap(v any) any {
	for {
		a, ok := v.(*ndarray)
		if !ok || len(a.objects) != 1 {
			return v
		}
		v = a.objects[0]
	}
}

// add files one entry: a layer with all its parts, or one part under a flat name.
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
		if layer, part, ok := splitName(name); ok {
			return c.put(layer, part, v, "layer/weights", at)
		}
	}
	c.skip(name, "")
	return nil
}

// leave counts an entry that is no layer's, or a key of a layer's dictionary, and makes a
// name for it only if it is listed.
func (c *catalog) skip(name, key string) {
	if c.skipped++; c.skipped > maxOther {
		return
	}
	if key != "" {
		name = fmt.Sprintf("%s/%.40s", name, strings.Trim(strconv.Quote(key), `"`))
	}
	c.other = append(c.other, name)
}

// walk counts what is gone through. Many entries may share one list or dictionary, so that
// the product of two numbers would be gone through; without that, no pickle has as many.
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
		if err := c.put(name, part, item.(*ndarray), "layer: [weights, biases]", at); err != nil {
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
		if err := c.put(name, part, parts.values[i].(*ndarray), "layer: {weights, biases}", at); err != nil {
			return err
		}
	}
	return nil
}

func isNumeric(v any) bool {
	a, ok := v.(*ndarray)
	return ok && a.open != nil
}

// splitName reads conv1/weights, conv1_W, conv1.bias, also with the :0 that TensorFlow's
// variables end in.
func splitName(name string) (layer string, part int, ok bool) {
	name = strings.TrimSuffix(name, ":0")
	i := strings.LastIndexAny(name, "/._")
	if i < 1 {
		return "", 0, false
	}
	part, ok = partNames[name[i+1:]]
	return name[:i], part, ok
}

func (c *catalog) put(name string, part int, a *ndarray, form string, at int64) error {
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
	if !slices.Contains(c.forms, form) {
		c.forms = append(c.forms, form)
	}
	return nil
}

// read loads the wanted layers, all of them when none is named.
func (c *catalog) read(wanted []string) (*Weights, error) {
	if len(c.layers) == 0 {
		names := c.other[:min(len(c.other), 5)]
		return nil, malformed(0, "layers, each with weights and biases", "%d other entries %q", c.skipped, names)
	}
	w := &Weights{Other: c.other}
	if more := c.skipped - len(c.other); more > 0 {
		w.Other = append(w.Other, fmt.Sprintf("%d more", more))
	}
	var layers []*located
	for _, l := range c.layers {
		if len(wanted) > 0 && !slices.Contains(wanted, l.name) {
			w.Skipped = append(w.Skipped, l.name)
		} else {
			layers = append(layers, l)
		}
	}
	if err := c.checkMemory(layers); err != nil {
		return nil, err
	}
	arrays := make(map[*ndarray]*Array)
	for _, l := range layers {
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
		w.layers = append(w.layers, Layer{l.name, parts[0], parts[1]})
	}
	return w, nil
}

// fits refuses layers that take too much memory before any of them is read: neither the
// size of a file, which may have holes, nor that of an archive says how much that is.
func (c *catalog) checkMemory(layers []*located) error {
	need, moved := c.unpacked, int64(0)
	seen := make(map[*ndarray]bool)
	for _, l := range layers {
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
