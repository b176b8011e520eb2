package npy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// writeDict writes {name: [weights, biases]} as the single object of a .npy file, a
// protocol 2 pickle. An array's data is a Python 2 byte string, as in bvlc_alexnet.npy,
// and the names are character strings; so np.load(path, allow_pickle=True,
// encoding="bytes").item(), or "latin1", gives names of type str in Python 3.
func writeDict(w io.Writer, layers []Layer) error {
	const descr = "{'descr': '|O', 'fortran_order': False, 'shape': (), }"
	const prefix = len(magic) + 4
	padded := (prefix+len(descr)+1+63)/64*64 - prefix
	p := &pickler{w: bufio.NewWriterSize(w, 256<<10)}
	p.raw(magic + "\x01\x00")
	p.number(2, padded)
	p.raw(descr + strings.Repeat(" ", padded-len(descr)-1) + "\n")

	p.raw("\x80\x02")
	p.array(nil, "O8", "|", 63, func() { p.raw("]"); p.dict(layers); p.raw("a") })
	p.raw(".")
	return p.w.Flush()
}

// pickler writes the opcodes of a protocol 2 pickle. It uses no memo: only a few names
// could be shared. Write errors stay in w until Flush.
type pickler struct{ w *bufio.Writer }

func (p *pickler) raw(s string) { p.w.WriteString(s) }

func (p *pickler) number(width, n int) {
	p.w.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))[:width])
}

func (p *pickler) integer(n int) {
	if n > math.MaxInt32 {
		p.raw("\x8a\x08") // LONG1 of eight bytes
		p.number(8, n)
		return
	}
	p.raw("J")
	p.number(4, n)
}

func (p *pickler) name(s string) {
	p.raw("X")
	p.number(4, len(s))
	p.raw(s)
}

func (p *pickler) dict(layers []Layer) {
	p.raw("}(")
	for _, l := range layers {
		p.name(l.Name)
		p.raw("](")
		for _, a := range []*Array{l.Weights, l.Biases} {
			p.layerArray(a)
		}
		p.raw("e")
	}
	p.raw("u")
}

func (p *pickler) layerArray(a *Array) {
	if a == nil {
		p.raw("N")
		return
	}
	p.array(a.Shape, "f4", "<", 0, func() {
		p.raw("T")
		p.number(4, 4*len(a.Data))
		p.floats(a.Data)
	})
}

// array writes the two steps in which NumPy pickles an array: an empty one, and its state,
// whose last part data writes. Flags are the dtype's.
func (p *pickler) array(shape []int, code, order string, flags int, data func()) {
	p.raw("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R")
	p.raw("(K\x01(")
	for _, dim := range shape {
		p.integer(dim)
	}
	p.raw("tcnumpy\ndtype\nU\x02" + code + "\x89\x88\x87R")
	p.raw("(K\x03U\x01" + order + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + string(rune(flags)) + "tb")
	p.raw("\x89") // not Fortran order
	data()
	p.raw("tb")
}

// floats writes in chunks, since binary.Write copies its argument.
func (p *pickler) floats(data []float32) {
	for chunk := range slices.Chunk(data, 16<<10) {
		binary.Write(p.w, binary.LittleEndian, chunk)
	}
}

// check refuses layers that could not be read back.
func check(layers []Layer) error {
	seen := make(map[string]bool)
	for _, l := range layers {
		switch {
		case !validName(l.Name):
			return fmt.Errorf("write layer %q: want a printable name of 1 to %d bytes", l.Name, maxText)
		case seen[l.Name]:
			return fmt.Errorf("write layer %q: got it twice", l.Name)
		case l.Weights == nil && l.Biases == nil:
			return fmt.Errorf("write layer %q: it has neither weights nor biases", l.Name)
		}
		seen[l.Name] = true
		for _, a := range []*Array{l.Weights, l.Biases} {
			if err := a.check(); err != nil {
				return fmt.Errorf("write layer %q: %w", l.Name, err)
			}
		}
	}
	if len(layers) == 0 {
		return fmt.Errorf("write weights: got no layers, want at least one")
	}
	return nil
}

func (a *Array) check() error {
	if a == nil {
		return nil
	}
	count, err := countElements(a.Shape, math.MaxInt32/4, 0)
	if err != nil {
		return fmt.Errorf("shape %v: want 1 to %d dimensions that are positive and at most 2 GiB of data", a.Shape, maxDims)
	}
	if count != len(a.Data) {
		return fmt.Errorf("shape %v: got %d values, want %d", a.Shape, len(a.Data), count)
	}
	return nil
}
