package npy

import (
	"io"
	"math"
	"slices"
)

const wantGlobal = "only the names that NumPy's own pickles use: a weights file is never executed"

// callables are the functions that REDUCE may name, each with a substitute for what NumPy or Python would do.
var callables = map[global]func(*machine, []any) (any, error){
	"numpy.core.multiarray _reconstruct":  reconstruct,
	"numpy._core.multiarray _reconstruct": reconstruct,
	"numpy.core.numeric _frombuffer":      fromBuffer,
	"numpy._core.numeric _frombuffer":     fromBuffer,
	"numpy dtype":                         newDtype,
	"_codecs encode":                      encodeLatin1,
	"collections OrderedDict":             orderedDict,
}

const ndarrayType = global("numpy ndarray")

func (m *machine) global() error {
	module, err := m.cur.line(maxText, "module name")
	if err != nil {
		return err
	}
	name, err := m.cur.line(maxText, "global name")
	if err != nil {
		return err
	}
	return m.pushGlobal(module, name)
}

func (m *machine) stackGlobal() error {
	names, err := m.pop(2)
	if err != nil {
		return err
	}
	module, ok1 := names[0].(text)
	name, ok2 := names[1].(text)
	if !ok1 || !ok2 || module.n > maxText || name.n > maxText {
		return m.malformed("the names of a module and of a global", "%s and %s", describe(names[0]), describe(names[1]))
	}
	return m.pushGlobal(module.s, name.s)
}

func (m *machine) pushGlobal(module, name string) error {
	g := global(module + " " + name)
	if _, ok := callables[g]; !ok && g != ndarrayType {
		return m.malformed(wantGlobal, "a reference to %.100q, which is refused", module+"."+name)
	}
	return m.push(g)
}

func (m *machine) reduce() error {
	top, err := m.pop(2)
	if err != nil {
		return err
	}
	callee, _ := top[0].(global)
	args, isArgs := isTuple(top[1], -1)
	make, ok := callables[callee]
	if !ok || !isArgs {
		return m.malformed(wantGlobal, "a call of %s with %s", describe(top[0]), describe(top[1]))
	}
	v, err := make(m, args)
	if err != nil {
		return err
	}
	return m.push(v)
}

// reconstruct makes the empty array that BUILD fills: _reconstruct(numpy.ndarray, (0,), b'b').
func reconstruct(m *machine, args []any) (any, error) {
	if len(args) != 3 || args[0] != any(ndarrayType) {
		return nil, m.malformed("_reconstruct(numpy.ndarray, (0,), 'b')", "%s", describeAll(args))
	}
	return &ndarray{at: -1}, nil
}

func newDtype(m *machine, args []any) (any, error) {
	if len(args) == 3 {
		if code, ok := args[0].(text); ok {
			switch code.s {
			case "f2", "f4", "f8":
				return &dtypeObject{code: code.s}, nil
			case "O", "O4", "O8":
				return &dtypeObject{code: "O"}, nil
			}
		}
	}
	return nil, m.malformed(wantDtype, "dtype(%s)", describeAll(args))
}

// encodeLatin1 reads bytes as Python 3 writes them into a protocol 2 pickle: _codecs.encode('characters', 'latin1').
func encodeLatin1(m *machine, args []any) (any, error) {
	if len(args) == 2 && (isText(args[1], "latin1") || isText(args[1], "latin-1")) {
		if t, ok := args[0].(text); ok && t.unicode {
			t.unicode, t.latin1 = false, true
			t.s = asBytes(t.s)
			return t, nil
		}
	}
	return nil, m.malformed("_codecs.encode(characters, 'latin1')", "%s", describeAll(args))
}

func orderedDict(m *machine, args []any) (any, error) {
	if len(args) != 0 {
		return nil, m.malformed("OrderedDict()", "%s", describeAll(args))
	}
	return &dict{}, nil
}

// fromBuffer reads protocol 5's arrays: _frombuffer(data, dtype, shape, order), with a
// fifth argument, the axes, when the order is 'K': neither C nor Fortran.
func fromBuffer(m *machine, args []any) (any, error) {
	const want = "_frombuffer(data, dtype, shape, 'C' or 'F' or 'K'[, axes])"
	if len(args) < 4 || len(args) > 5 {
		return nil, m.malformed(want, "%s", describeAll(args))
	}
	shape, ok := dimensions(args[2])
	if !ok {
		return nil, m.malformed(want, "%s", describeAll(args))
	}
	a := &ndarray{at: -1}
	if err := m.fill(a, shape, args[1], isText(args[3], "F"), args[0]); err != nil {
		return nil, err
	}
	switch {
	case len(args) == 4 && (isText(args[3], "C") || isText(args[3], "F")):
	case len(args) == 5 && isText(args[3], "K"):
		axes, ok := dimensions(args[4])
		if !ok || !isPermutation(axes, len(shape)) {
			return nil, m.malformed("a permutation of the axes", "%s", describeAll(args))
		}
		a.axes = axes
	default:
		return nil, m.malformed(want, "%s", describeAll(args))
	}
	return a, nil
}

func (m *machine) build() error {
	state, err := m.pop(1)
	if err != nil {
		return err
	}
	given := state[0]
	v, err := m.target()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *dtypeObject:
		return m.buildDtype(v, given)
	case *ndarray:
		return m.buildArray(v, given)
	}
	return m.malformed("an array or a dtype for the state", "%s", describe(v))
}

// buildDtype reads (version, order, subarray, names, fields, size, alignment, flags).
func (m *machine) buildDtype(d *dtypeObject, given any) error {
	const want = "the state of a plain dtype, once"
	state, ok := isTuple(given, -1)
	if !ok || d.built || len(state) < 8 || len(state) > 9 || state[2] != nil || state[3] != nil || state[4] != nil {
		return m.malformed(want, "%s", describe(given))
	}
	order, ok := state[1].(text)
	if !ok {
		return m.malformed(want, "byte order %s", describe(state[1]))
	}
	var err error
	d.dtype, err = parseDtype(order.s+d.code, m.at)
	d.built = err == nil
	return err
}

// buildArray reads (1, shape, dtype, is Fortran, data or list of objects).
func (m *machine) buildArray(a *ndarray, given any) error {
	const want = "the state of an array, once"
	state, ok := isTuple(given, 5)
	if !ok || a.at >= 0 || state[0] != any(int64(1)) {
		return m.malformed(want, "%s", describe(given))
	}
	shape, ok := dimensions(state[1])
	fortran, ok2 := state[3].(bool)
	if !ok || !ok2 {
		return m.malformed(want, "%s", describeAll(state))
	}
	return m.fill(a, shape, state[2], fortran, state[4])
}

// fill sets an array's shape and data, after checking that they fit. The bytes of a string belong to one array only:
// otherwise a small file could claim any number of arrays over the same bytes.
func (m *machine) fill(a *ndarray, shape []int, kind any, fortran bool, data any) error {
	d, ok := kind.(*dtypeObject)
	if !ok || !d.built {
		return m.malformed("a complete dtype", "%s", describe(kind))
	}
	a.at, a.dtype = m.at, d.dtype
	a.layOut(shape, fortran)
	if d.dtype.isObject() {
		return m.fillObjects(a, shape, data)
	}
	t, ok := data.(text)
	if !ok || t.unicode {
		return m.malformed("bytes as an array's data", "%s", describe(data))
	}
	width := d.dtype.width()
	var err error
	if a.count, err = countElements(shape, t.n/int64(width), m.at); err != nil {
		return err
	}
	need := int64(a.count) * int64(width)
	if need != t.n && !(t.latin1 && t.n <= 2*need) {
		return m.malformed("data of the shape's size", "%d bytes for shape %v of %s", t.n, shape, d.dtype)
	}
	if m.unclaimed -= t.n; m.unclaimed < 0 {
		return m.malformed("data that belongs to one array", "arrays over the same bytes")
	}
	a.at, a.size = t.off, t.n
	a.open = func() (io.ReadCloser, error) {
		section := io.NopCloser(io.NewSectionReader(m.cur.src, t.off, t.n))
		if t.latin1 {
			return latin1Reader(section, t.n), nil
		}
		return section, nil
	}
	return nil
}

func (m *machine) fillObjects(a *ndarray, shape []int, data any) error {
	list, ok := data.(*sequence)
	if !ok || list.tuple || len(list.items) == 0 {
		return m.malformed("a list of objects", "%s", describe(data))
	}
	var err error
	if a.count, err = countElements(shape, int64(len(list.items)), m.at); err != nil {
		return err
	}
	if a.count != len(list.items) {
		return m.malformed("objects of the shape's count", "%d for shape %v", len(list.items), shape)
	}
	a.objects = list.items // shared: copies could add up without bound
	return nil
}

// dimensions reads a tuple of numbers from 0 up.
func dimensions(v any) ([]int, bool) {
	items, ok := isTuple(v, -1)
	if !ok {
		return nil, false
	}
	shape := make([]int, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt {
			return nil, false
		}
		shape[i] = int(n)
	}
	return shape, true
}

func isPermutation(axes []int, n int) bool {
	sorted := slices.Sorted(slices.Values(axes))
	for i, axis := range sorted {
		if axis != i {
			return false
		}
	}
	return len(sorted) == n
}

func describeAll(values []any) string {
	s := "("
	for i, v := range values[:min(len(values), 5)] {
		if i > 0 {
			s += ", "
		}
		s += describe(v)
	}
	return s + ")"
}
