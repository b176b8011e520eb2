package npy

import (
	"io"
	"slices"

	"alexnet/internal/pickle"
	"alexnet/internal/tensorfile"
)

// builder makes the arrays of a pickle.
type builder struct {
	unclaimed int64 // bytes of the file that no array has claimed as its data yet
}

const ndarrayType = pickle.Global("numpy ndarray")

// dtypeObject is a numpy.dtype: made by REDUCE, given its byte order by BUILD.
type dtypeObject struct {
	code  string
	dtype dtype
	built bool
}

// readPickle reads the pickle that extends to the cursor's end.
func readPickle(cur *tensorfile.Cursor, opcodes *int) (*pickle.Pickle, error) {
	b := &builder{unclaimed: cur.Left()}
	p, err := pickle.Read(cur, pickle.Names{
		Kind: "NumPy",
		Calls: map[pickle.Global]func(*pickle.Machine, []any) (any, error){
			ndarrayType:                           nil,
			"numpy.core.multiarray _reconstruct":  reconstruct,
			"numpy._core.multiarray _reconstruct": reconstruct,
			"numpy.core.numeric _frombuffer":      b.fromBuffer,
			"numpy._core.numeric _frombuffer":     b.fromBuffer,
			"numpy dtype":                         newDtype,
			"_codecs encode":                      encodeLatin1,
		},
		Build: b.build,
	}, opcodes)
	if err == nil && cur.Left() != 0 {
		err = tensorfile.Malformed(cur.Offset(), "the end of the file after the pickle", "%d bytes more", cur.Left())
	}
	return p, err
}

// reconstruct makes the empty array that BUILD fills: _reconstruct(numpy.ndarray, (0,), b'b').
func reconstruct(m *pickle.Machine, args []any) (any, error) {
	if len(args) != 3 || args[0] != any(ndarrayType) {
		return nil, m.Malformed("_reconstruct(numpy.ndarray, (0,), 'b')", "%s", pickle.DescribeAll(args))
	}
	return &ndarray{}, nil
}

func newDtype(m *pickle.Machine, args []any) (any, error) {
	if len(args) == 3 {
		if code, ok := args[0].(pickle.Text); ok {
			switch code.S {
			case "f2", "f4", "f8":
				return &dtypeObject{code: code.S}, nil
			case "O", "O4", "O8":
				return &dtypeObject{code: "O"}, nil
			}
		}
	}
	return nil, m.Malformed(wantDtype, "dtype(%s)", pickle.DescribeAll(args))
}

// encodeLatin1 reads bytes as Python 3 writes them into a protocol 2 pickle: _codecs.encode('characters', 'latin1').
func encodeLatin1(m *pickle.Machine, args []any) (any, error) {
	if len(args) == 2 && (pickle.IsText(args[1], "latin1") || pickle.IsText(args[1], "latin-1")) {
		if t, ok := args[0].(pickle.Text); ok && t.Unicode {
			t.Unicode, t.Latin1 = false, true
			t.S = asBytes(t.S)
			return t, nil
		}
	}
	return nil, m.Malformed("_codecs.encode(characters, 'latin1')", "%s", pickle.DescribeAll(args))
}

// fromBuffer reads protocol 5's arrays: _frombuffer(data, dtype, shape, order), with a
// fifth argument, the axes, when the order is 'K': neither C nor Fortran.
func (b *builder) fromBuffer(m *pickle.Machine, args []any) (any, error) {
	const want = "_frombuffer(data, dtype, shape, 'C' or 'F' or 'K'[, axes])"
	if len(args) < 4 || len(args) > 5 {
		return nil, m.Malformed(want, "%s", pickle.DescribeAll(args))
	}
	stored, ok := pickle.Dimensions(args[2])
	if !ok {
		return nil, m.Malformed(want, "%s", pickle.DescribeAll(args))
	}
	a, shape, order := &ndarray{}, stored, []int(nil)
	switch {
	case len(args) == 4 && pickle.IsText(args[3], "C"):
	case len(args) == 4 && pickle.IsText(args[3], "F"):
		order = fortranOrder(len(shape))
	case len(args) == 5 && pickle.IsText(args[3], "K"): // the array is the stored one transposed by the axes
		axes, ok := pickle.Dimensions(args[4])
		if !ok || !isPermutation(axes, len(stored)) {
			return nil, m.Malformed("a permutation of the axes", "%s", pickle.DescribeAll(args))
		}
		shape, order = make([]int, len(stored)), make([]int, len(stored))
		for i, axis := range axes {
			shape[i], order[axis] = stored[axis], i
		}
	default:
		return nil, m.Malformed(want, "%s", pickle.DescribeAll(args))
	}
	return a, b.fill(m, a, shape, order, args[1], args[0])
}

func (b *builder) build(m *pickle.Machine, v, given any) error {
	switch v := v.(type) {
	case *dtypeObject:
		return buildDtype(m, v, given)
	case *ndarray:
		return b.buildArray(m, v, given)
	}
	return m.Malformed("an array or a dtype for the state", "%s", pickle.Describe(v))
}

// buildDtype reads (version, order, subarray, names, fields, size, alignment, flags).
func buildDtype(m *pickle.Machine, d *dtypeObject, given any) error {
	const want = "the state of a plain dtype, once"
	state, ok := pickle.Tuple(given, -1)
	if !ok || d.built || len(state) < 8 || len(state) > 9 || state[2] != nil || state[3] != nil || state[4] != nil {
		return m.Malformed(want, "%s", pickle.Describe(given))
	}
	order, ok := state[1].(pickle.Text)
	if !ok {
		return m.Malformed(want, "byte order %s", pickle.Describe(state[1]))
	}
	var err error
	d.dtype, err = parseDtype(order.S+d.code, m.At())
	d.built = err == nil
	return err
}

// buildArray reads (1, shape, dtype, is Fortran, data or list of objects).
func (b *builder) buildArray(m *pickle.Machine, a *ndarray, given any) error {
	const want = "the state of an array, once"
	state, ok := pickle.Tuple(given, 5)
	if !ok || a.Data != nil || state[0] != any(int64(1)) {
		return m.Malformed(want, "%s", pickle.Describe(given))
	}
	shape, ok := pickle.Dimensions(state[1])
	fortran, ok2 := state[3].(bool)
	if !ok || !ok2 {
		return m.Malformed(want, "%s", pickle.DescribeAll(state))
	}
	var order []int
	if fortran {
		order = fortranOrder(len(shape))
	}
	return b.fill(m, a, shape, order, state[2], state[4])
}

// fill sets an array's shape and data, after checking that they fit. The bytes of a string belong to one array only:
// otherwise a small file could claim any number of arrays over the same bytes.
func (b *builder) fill(m *pickle.Machine, a *ndarray, shape, order []int, kind any, data any) error {
	d, ok := kind.(*dtypeObject)
	if !ok || !d.built {
		return m.Malformed("a complete dtype", "%s", pickle.Describe(kind))
	}
	a.Data = &tensorfile.Data{Shape: shape, Order: order, Type: d.dtype.Type, At: m.At()}
	if d.dtype.object {
		return a.fillObjects(m, data)
	}
	t, ok := data.(pickle.Text)
	if !ok || t.Unicode {
		return m.Malformed("bytes as an array's data", "%s", pickle.Describe(data))
	}
	width := d.dtype.Width()
	count, err := tensorfile.Count(shape, t.Size/int64(width), m.At())
	if err != nil {
		return err
	}
	need := int64(count) * int64(width)
	if need != t.Size && !(t.Latin1 && t.Size <= 2*need) {
		return m.Malformed("data of the shape's size", "%d bytes for shape %v of %s", t.Size, shape, d.dtype)
	}
	if b.unclaimed -= t.Size; b.unclaimed < 0 {
		return m.Malformed("data that belongs to one array", "arrays over the same bytes")
	}
	a.At, a.Open = t.At, t.Open
	if t.Latin1 {
		a.Open = func() (io.ReadCloser, error) {
			section, err := t.Section.Open()
			return latin1Reader(section, t.Size), err
		}
	}
	return nil
}

func (a *ndarray) fillObjects(m *pickle.Machine, data any) error {
	list, ok := data.(*pickle.Sequence)
	if !ok || list.IsTuple || len(list.Items) == 0 {
		return m.Malformed("a list of objects", "%s", pickle.Describe(data))
	}
	count, err := tensorfile.Count(a.Shape, int64(len(list.Items)), m.At())
	if err != nil {
		return err
	}
	if count != len(list.Items) {
		return m.Malformed("objects of the shape's count", "%d for shape %v", len(list.Items), a.Shape)
	}
	a.objects = list.Items // shared: copies could add up without bound
	return nil
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
