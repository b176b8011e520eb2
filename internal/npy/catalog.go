package npy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"alexnet/internal/pickle"
	"alexnet/internal/tensorfile"
)

// catalog collects the arrays of a file under the names that lead to them, before any data is read.
type catalog struct {
	tensorfile.File
	entries  int   // of dictionaries and lists, each as often as it is referenced
	opcodes  int   // opcodes of pickles run so far
	unpacked int64 // bytes of pickles unpacked into memory
}

// maxUnpacked bounds the pickles that are unpacked into memory.
const maxUnpacked = 768 << 20

// maxDepth is how deep dictionaries may be nested.
const maxDepth = 8

// addRoot adds the value of a whole pickle: the dictionary of layers, by itself or as the
// only element of an object array.
func (c *catalog) addRoot(v any, at int64) error {
	v = unwrap(v)
	d, ok := v.(*pickle.Dict)
	if !ok {
		return tensorfile.Malformed(at, "a dictionary of layers", "%s", pickle.Describe(v))
	}
	return c.addEntries("", d, at, 0)
}

// unwrap removes the object array of one element around a value.
func unwrap(v any) any {
	if a, ok := v.(*ndarray); ok && len(a.objects) == 1 {
		return a.objects[0]
	}
	return v
}

// addEntries adds the values of a dictionary: of layers, of a layer's arrays such as {"weights": …, "biases": …}, or of such
// dictionaries.
func (c *catalog) addEntries(prefix string, d *pickle.Dict, at int64, depth int) error {
	if err := c.countEntries(len(d.Keys), at); err != nil {
		return err
	}
	for i, key := range d.Keys {
		name, ok := key.(pickle.Text)
		if !ok {
			c.skipKey(prefix, pickle.Describe(key))
			continue
		}
		if !isNumeric(d.Values[i]) && !isContainer(d.Values[i]) || depth == maxDepth {
			c.skipKey(prefix, name.S)
			continue
		}
		if err := c.add(prefix+name.S, d.Values[i], name.At, depth); err != nil {
			return err
		}
	}
	return nil
}

// add adds one entry: an array, a layer, or a dictionary.
func (c *catalog) add(name string, v any, at int64, depth int) error {
	if !validName(name) {
		return tensorfile.Malformed(at, fmt.Sprintf("a printable name of 1 to %d bytes", pickle.MaxText), "name %.40q", name)
	}
	switch v := v.(type) {
	case *pickle.Dict:
		return c.addEntries(name+"/", v, at, depth+1)
	case *pickle.Sequence:
		return c.addPair(name, v.Items, at)
	case *ndarray:
		if v.objects != nil {
			return c.addPair(name, v.objects, at)
		}
		c.Tensors = append(c.Tensors, &tensorfile.Tensor{Name: name, Data: v.Data})
		return nil
	}
	c.Skip(name)
	return nil
}

// skipKey counts a key of a dictionary, and builds a name for it only if it is listed.
func (c *catalog) skipKey(prefix, key string) {
	if c.Listing() {
		key = fmt.Sprintf("%s%.40s", prefix, strings.Trim(strconv.Quote(key), `"`))
	}
	c.Skip(key)
}

// countEntries bounds the entries visited. Many entries may share one list or dictionary,
// so a small pickle could cause a quadratic number of visits.
func (c *catalog) countEntries(n int, at int64) error {
	if c.entries += n; c.entries > pickle.MaxOpcodes {
		return tensorfile.Malformed(at, fmt.Sprintf("at most %d entries in layers", pickle.MaxOpcodes), "%d", c.entries)
	}
	return nil
}

// addPair adds the layer [weights, biases] as name/weights and name/biases.
func (c *catalog) addPair(name string, items []any, at int64) error {
	if err := c.countEntries(len(items), at); err != nil {
		return err
	}
	if !slices.ContainsFunc(items, isNumeric) {
		c.Skip(name)
		return nil
	}
	if len(items) > 2 {
		return tensorfile.Malformed(at, fmt.Sprintf("weights and biases of %q", name), "%d values", len(items))
	}
	for i, item := range items {
		if item == nil {
			continue
		}
		if !isNumeric(item) {
			return tensorfile.Malformed(at, fmt.Sprintf("an array in %q", name), "%s", pickle.Describe(item))
		}
		c.Tensors = append(c.Tensors, &tensorfile.Tensor{Name: name + [...]string{"/weights", "/biases"}[i], Data: item.(*ndarray).Data})
	}
	return nil
}

func isNumeric(v any) bool {
	a, ok := v.(*ndarray)
	return ok && a.Data != nil && a.Open != nil
}

// isContainer reports whether v may hold arrays.
func isContainer(v any) bool {
	switch v := v.(type) {
	case *pickle.Dict, *pickle.Sequence:
		return true
	case *ndarray:
		return v.objects != nil
	}
	return false
}

// validName reports whether s can be the name of a tensor: short, printable UTF-8.
func validName(s string) bool {
	if s == "" || len(s) > pickle.MaxText || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
