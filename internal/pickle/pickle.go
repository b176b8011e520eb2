// Package pickle reads Python's pickles as data. Start with [Read].
//
// A pickle is a program for a stack machine. Here a fixed set of opcodes builds numbers, strings and the containers around
// them; the names that a pickle may refer to, and what a call of each makes, are the reader's [Names]. Every other opcode
// or name is refused with its offset, and no file can cause a call. Every claimed length is compared with the bytes left,
// and long strings stay in the file.
package pickle

import (
	"fmt"

	"alexnet/internal/tensorfile"
)

// Limits of a pickle, and of all those in an archive together, far above what a weights
// file needs: the eight layers of AlexNet take about 300 opcodes and 150 memo entries.
const (
	MaxOpcodes = 1 << 17
	maxMemo    = 1 << 16
)

// Names says what a pickle may refer to.
type Names struct {
	Kind   string // whose names they are, for errors
	Remedy string // what to do about a pickle with other names or opcodes, or ""
	// Calls has each name, as "module name", with what REDUCE makes of it; nil for a name that is only an argument.
	Calls map[Global]func(m *Machine, args []any) (any, error)
	// Build gives a value its state, if it is none of this package's.
	Build func(m *Machine, value, state any) error
	// Persistent makes the object that a persistent id stands for; nil refuses them.
	Persistent func(m *Machine, id any) (any, error)
}

// Pickle is the value of a pickle: nil, bool, int64, float64, [Text], *[Sequence], *[Dict], [Global] or what Names makes.
type Pickle struct {
	Root     any
	Protocol int
	Python2  bool // has a byte string as Python 2 writes it
}

// Machine is the stack machine. See PEP 3154, PEP 574 and CPython's pickletools for the opcodes.
type Machine struct {
	names   Names
	cur     *tensorfile.Cursor
	at      int64 // offset of the opcode being run
	stack   []any
	marks   []int // stack heights at MARKs
	memo    map[uint64]any
	opcodes *int // run so far
	python2 bool
}

// Read reads the pickle at the cursor and leaves the cursor after it. opcodes counts the opcodes of this and other pickles.
func Read(cur *tensorfile.Cursor, names Names, opcodes *int) (*Pickle, error) {
	m := &Machine{names: names, cur: cur, opcodes: opcodes, at: cur.Offset(), memo: make(map[uint64]any)}
	head, err := cur.Take(2, "the start of a pickle")
	if err != nil {
		return nil, err
	}
	if head[0] != 0x80 || head[1] < 2 || head[1] > 5 {
		return nil, m.Malformed("a pickle of protocol 2 to 5", "bytes % x", head)
	}
	protocol := int(head[1])
	root, err := m.run()
	if err != nil {
		return nil, err
	}
	return &Pickle{root, protocol, m.python2}, nil
}

func (m *Machine) run() (any, error) {
	for ; *m.opcodes < MaxOpcodes; *m.opcodes++ {
		m.at = m.cur.Offset()
		b, err := m.cur.Take(1, "opcode")
		if err != nil {
			return nil, err
		}
		if b[0] == '.' {
			return m.stop()
		}
		op := opcodes[b[0]]
		if op.run == nil {
			return nil, m.refuseOpcode(b[0], op.name)
		}
		if err := op.run(m); err != nil {
			return nil, err
		}
	}
	return nil, m.Malformed(fmt.Sprintf("at most %d opcodes", MaxOpcodes), "more")
}

func (m *Machine) stop() (any, error) {
	if len(m.stack) != 1 || len(m.marks) != 0 {
		return nil, m.Malformed("one value when the pickle stops", "%d values and %d marks", len(m.stack), len(m.marks))
	}
	return m.stack[0], nil
}

// At is the offset of the opcode being run.
func (m *Machine) At() int64 { return m.at }

// Malformed is the error for the opcode being run.
func (m *Machine) Malformed(want, got string, args ...any) error {
	return tensorfile.Malformed(m.at, want, got, args...)
}

func (m *Machine) refuse(want, got string, args ...any) error {
	return &tensorfile.Error{Offset: m.at, Got: fmt.Sprintf(got, args...), Want: want, Remedy: m.names.Remedy}
}

func (m *Machine) refuseOpcode(code byte, name string) error {
	if name == "" {
		name = "unknown"
	}
	return m.refuse("only opcodes that make arrays and containers", "opcode %s (0x%02x), which is refused", name, code)
}

func (m *Machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// pop takes n values off the stack, never from below the last mark. The slice is the
// stack's own: copy what is to be kept.
func (m *Machine) pop(n int) ([]any, error) {
	floor := 0
	if len(m.marks) > 0 {
		floor = m.marks[len(m.marks)-1]
	}
	if len(m.stack)-floor < n {
		return nil, m.Malformed(fmt.Sprintf("%d values on the stack", n), "%d", len(m.stack)-floor)
	}
	top := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return top, nil
}

func (m *Machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.Malformed("a mark on the stack", "none")
	}
	height := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	top := m.stack[height:]
	m.stack = m.stack[:height]
	return top, nil
}

func (m *Machine) store(key uint64) error {
	top, err := m.pop(1)
	if err != nil {
		return err
	}
	if len(m.memo) >= maxMemo {
		return m.Malformed(fmt.Sprintf("at most %d memo entries", maxMemo), "more")
	}
	m.memo[key] = top[0]
	return m.push(top[0])
}

func (m *Machine) load(key uint64) error {
	v, ok := m.memo[key]
	if !ok {
		return m.Malformed("a memo entry that was set", "entry %d", key)
	}
	return m.push(v)
}

// readText records the location of a string of n bytes and skips it.
func (m *Machine) readText(n uint64) (t Text, err error) {
	at := m.cur.Offset()
	if n > MaxText {
		err = m.cur.Skip(n, "string")
	} else {
		var b []byte
		b, err = m.cur.Take(int(n), "string")
		t.S = string(b)
	}
	t.Section = m.cur.Since(at)
	return t, err
}
