package npy

import "fmt"

// Limits of a pickle, and of all those in an archive together, far above what a weights
// file needs: the eight layers of AlexNet take about 300 opcodes and 150 memo entries.
const (
	maxOpcodes = 1 << 17
	maxMemo    = 1 << 16
)

// machine is a pickle's stack machine, reduced to numbers, strings, containers and
// arrays. See PEP 3154, PEP 574 and CPython's pickletools for the opcodes.
type machine struct {
	cur       *cursor
	at        int64 // offset of the opcode being run
	stack     []any
	marks     []int // stack heights at MARKs
	memo      map[uint64]any
	unclaimed int64 // bytes of the file that no array has claimed as its data yet
	opcodes   *int  // opcodes
	protocol  int
	python2   bool // has a Python 2 byte string
}

// readPickle reads the pickle that extends to the cursor's end, and adds to the count of opcodes.
func readPickle(cur *cursor, ran *int) (*machine, any, error) {
	m := &machine{cur: cur, opcodes: ran, at: cur.off, memo: make(map[uint64]any), unclaimed: cur.left()}
	head, err := cur.take(2, "the start of a pickle")
	if err != nil {
		return nil, nil, err
	}
	if head[0] != 0x80 || head[1] < 2 || head[1] > 5 {
		return nil, nil, malformed(m.at, "a pickle of protocol 2 to 5", "bytes % x", head)
	}
	m.protocol = int(head[1])
	root, err := m.run()
	if err != nil {
		return nil, nil, err
	}
	if cur.left() != 0 {
		return nil, nil, malformed(cur.off, "the end of the file after the pickle", "%d bytes more", cur.left())
	}
	return m, root, nil
}

func (m *machine) run() (any, error) {
	for ; *m.opcodes < maxOpcodes; *m.opcodes++ {
		m.at = m.cur.off
		b, err := m.cur.take(1, "opcode")
		if err != nil {
			return nil, err
		}
		if b[0] == '.' {
			return m.stop()
		}
		op := opcodes[b[0]]
		if op.run == nil {
			return nil, m.refuse(b[0], op.name)
		}
		if err := op.run(m); err != nil {
			return nil, err
		}
	}
	return nil, m.malformed(fmt.Sprintf("at most %d opcodes", maxOpcodes), "more")
}

func (m *machine) stop() (any, error) {
	if len(m.stack) != 1 || len(m.marks) != 0 {
		return nil, m.malformed("one value when the pickle stops", "%d values and %d marks", len(m.stack), len(m.marks))
	}
	return m.stack[0], nil
}

func (m *machine) malformed(want, got string, args ...any) error {
	return malformed(m.at, want, got, args...)
}

func (m *machine) refuse(code byte, name string) error {
	if name == "" {
		name = "unknown"
	}
	return m.malformed("only opcodes that make arrays and containers", "opcode %s (0x%02x), which is refused", name, code)
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// pop takes n values off the stack, never from below the last mark. The slice is the
// stack's own: copy what is to be kept.
func (m *machine) pop(n int) ([]any, error) {
	floor := 0
	if len(m.marks) > 0 {
		floor = m.marks[len(m.marks)-1]
	}
	if len(m.stack)-floor < n {
		return nil, m.malformed(fmt.Sprintf("%d values on the stack", n), "%d", len(m.stack)-floor)
	}
	top := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return top, nil
}

func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.malformed("a mark on the stack", "none")
	}
	height := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	top := m.stack[height:]
	m.stack = m.stack[:height]
	return top, nil
}

func (m *machine) store(key uint64) error {
	top, err := m.pop(1)
	if err != nil {
		return err
	}
	if len(m.memo) >= maxMemo {
		return m.malformed(fmt.Sprintf("at most %d memo entries", maxMemo), "more")
	}
	m.memo[key] = top[0]
	return m.push(top[0])
}

func (m *machine) load(key uint64) error {
	v, ok := m.memo[key]
	if !ok {
		return m.malformed("a memo entry that was set", "entry %d", key)
	}
	return m.push(v)
}

// readText records the location of a string of n bytes and skips it.
func (m *machine) readText(n uint64) (text, error) {
	t := text{off: m.cur.off, n: int64(n)}
	if n > maxText {
		return t, m.cur.skip(n, "string")
	}
	b, err := m.cur.take(int(n), "string")
	t.s = string(b)
	return t, err
}
