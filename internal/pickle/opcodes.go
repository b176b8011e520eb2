package pickle

import (
	"encoding/binary"
	"math"
	"slices"
)

type opcode struct {
	name string
	run  func(*Machine) error // nil: refused
}

// opcodes are those that weights files use. The ones without a function are listed only to name them in errors: they
// would create or call objects of the file's choosing, or reach outside the file.
var opcodes = [256]opcode{
	'(':  {"MARK", func(m *Machine) error { m.marks = append(m.marks, len(m.stack)); return nil }},
	'N':  {"NONE", func(m *Machine) error { return m.push(nil) }},
	0x88: {"NEWTRUE", func(m *Machine) error { return m.push(true) }},
	0x89: {"NEWFALSE", func(m *Machine) error { return m.push(false) }},
	'K':  {"BININT1", integer(1)},
	'M':  {"BININT2", integer(2)},
	'J':  {"BININT", integer(4)},
	0x8a: {"LONG1", (*Machine).long},
	'G':  {"BINFLOAT", (*Machine).float},

	'U':  {"SHORT_BINSTRING", str(1, python2String)},
	'T':  {"BINSTRING", str(4, python2String)},
	'X':  {"BINUNICODE", str(4, characters)},
	0x8c: {"SHORT_BINUNICODE", str(1, characters)},
	0x8d: {"BINUNICODE8", str(8, characters)},
	'C':  {"SHORT_BINBYTES", str(1, byteString)},
	'B':  {"BINBYTES", str(4, byteString)},
	0x8e: {"BINBYTES8", str(8, byteString)},
	0x96: {"BYTEARRAY8", str(8, byteString)},

	')':  {"EMPTY_TUPLE", func(m *Machine) error { return m.push(&Sequence{IsTuple: true}) }},
	']':  {"EMPTY_LIST", func(m *Machine) error { return m.push(&Sequence{}) }},
	'}':  {"EMPTY_DICT", func(m *Machine) error { return m.push(&Dict{}) }},
	0x85: {"TUPLE1", tuple(1)},
	0x86: {"TUPLE2", tuple(2)},
	0x87: {"TUPLE3", tuple(3)},
	't':  {"TUPLE", (*Machine).tuple},
	'a':  {"APPEND", func(m *Machine) error { return m.extend(m.pop(1)) }},
	'e':  {"APPENDS", func(m *Machine) error { return m.extend(m.popMark()) }},
	's':  {"SETITEM", func(m *Machine) error { return m.update(m.pop(2)) }},
	'u':  {"SETITEMS", func(m *Machine) error { return m.update(m.popMark()) }},

	'q':  {"BINPUT", memo(1, (*Machine).store)},
	'r':  {"LONG_BINPUT", memo(4, (*Machine).store)},
	0x94: {"MEMOIZE", func(m *Machine) error { return m.store(uint64(len(m.memo))) }},
	'h':  {"BINGET", memo(1, (*Machine).load)},
	'j':  {"LONG_BINGET", memo(4, (*Machine).load)},
	0x95: {"FRAME", (*Machine).frame},

	'c':  {"GLOBAL", (*Machine).global},
	0x93: {"STACK_GLOBAL", (*Machine).stackGlobal},
	'R':  {"REDUCE", (*Machine).reduce},
	'b':  {"BUILD", (*Machine).build},
	'Q':  {"BINPERSID", (*Machine).persistent},

	'i': {name: "INST"}, 'o': {name: "OBJ"}, 0x81: {name: "NEWOBJ"}, 0x92: {name: "NEWOBJ_EX"},
	0x82: {name: "EXT1"}, 0x83: {name: "EXT2"}, 0x84: {name: "EXT4"},
	'P': {name: "PERSID"}, 0x97: {name: "NEXT_BUFFER"}, 0x98: {name: "READONLY_BUFFER"},
	0x80: {name: "PROTO"}, '0': {name: "POP"}, '1': {name: "POP_MARK"}, '2': {name: "DUP"},
	'I': {name: "INT"}, 'L': {name: "LONG"}, 0x8b: {name: "LONG4"}, 'F': {name: "FLOAT"},
	'S': {name: "STRING"}, 'V': {name: "UNICODE"}, 'p': {name: "PUT"}, 'g': {name: "GET"},
	'l': {name: "LIST"}, 'd': {name: "DICT"}, 0x8f: {name: "EMPTY_SET"}, 0x90: {name: "ADDITEMS"}, 0x91: {name: "FROZENSET"},
}

// integer reads an unsigned integer of width bytes; one of four bytes is signed.
func integer(width int) func(*Machine) error {
	return func(m *Machine) error {
		n, err := m.cur.Number(width, "integer")
		if err != nil {
			return err
		}
		if width == 4 {
			return m.push(int64(int32(n)))
		}
		return m.push(int64(n))
	}
}

// long reads a two's complement integer of up to eight bytes, which Python 2 uses for dimensions on some machines.
func (m *Machine) long() error {
	width, err := m.cur.Number(1, "integer length")
	if err != nil {
		return err
	}
	if width > 8 {
		return m.Malformed("an integer of at most 8 bytes", "%d bytes", width)
	}
	n, err := m.cur.Number(int(width), "integer")
	if err != nil {
		return err
	}
	unused := 64 - 8*width
	return m.push(int64(n<<unused) >> unused)
}

func (m *Machine) float() error {
	b, err := m.cur.Take(8, "float")
	if err != nil {
		return err
	}
	return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
}

type stringKind int

const (
	byteString stringKind = iota
	characters
	python2String
)

// str reads a string after its length in width bytes.
func str(width int, kind stringKind) func(*Machine) error {
	return func(m *Machine) error {
		n, err := m.cur.Number(width, "string length")
		if err != nil {
			return err
		}
		t, err := m.readText(n)
		if err != nil {
			return err
		}
		t.Unicode = kind == characters
		m.python2 = m.python2 || kind == python2String
		return m.push(t)
	}
}

func tuple(n int) func(*Machine) error {
	return func(m *Machine) error {
		items, err := m.pop(n)
		if err != nil {
			return err
		}
		return m.push(&Sequence{Items: slices.Clone(items), IsTuple: true})
	}
}

func (m *Machine) tuple() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(&Sequence{Items: slices.Clone(items), IsTuple: true})
}

// target returns the value on top of the stack, for an opcode that changes it in place.
func (m *Machine) target() (any, error) {
	top, err := m.pop(1)
	if err != nil {
		return nil, err
	}
	return top[0], m.push(top[0])
}

func (m *Machine) extend(items []any, err error) error {
	if err != nil {
		return err
	}
	items = slices.Clone(items) // target reuses their part of the stack
	v, err := m.target()
	if err != nil {
		return err
	}
	list, ok := v.(*Sequence)
	if !ok || list.IsTuple {
		return m.Malformed("a list to append to", "%s", Describe(v))
	}
	list.Items = append(list.Items, items...)
	return nil
}

func (m *Machine) update(items []any, err error) error {
	if err != nil {
		return err
	}
	items = slices.Clone(items)
	v, err := m.target()
	if err != nil {
		return err
	}
	d, ok := v.(*Dict)
	if !ok || len(items)%2 != 0 {
		return m.Malformed("a dictionary and pairs to set in it", "%s and %d values", Describe(v), len(items))
	}
	for i := 0; i < len(items); i += 2 {
		d.Keys = append(d.Keys, items[i])
		d.Values = append(d.Values, items[i+1])
	}
	return nil
}

func memo(width int, use func(*Machine, uint64) error) func(*Machine) error {
	return func(m *Machine) error {
		key, err := m.cur.Number(width, "memo key")
		if err != nil {
			return err
		}
		return use(m, key)
	}
}

// frame is only a hint for reading ahead; the claimed bytes have to exist.
func (m *Machine) frame() error {
	n, err := m.cur.Number(8, "frame length")
	if err != nil {
		return err
	}
	if n > uint64(m.cur.Left()) {
		return m.cur.Short(n, "frame")
	}
	return nil
}
