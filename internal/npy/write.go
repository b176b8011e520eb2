package npy

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"alexnet/internal/atomicfile"
	"alexnet/internal/tensorfile"
)

// Write writes arrays, whose names are layer/weights and layer/biases, as float32 in C order to path, whose extension selects
// the format: ".npy" for a pickled {layer: [weights, biases]} like bvlc_alexnet.npy, which in Python np.load(path,
// allow_pickle=True, encoding="bytes").item() reads; ".npz" for an archive of the arrays. A missing array is None in the
// first and absent from the second. The file appears under its name complete or not at all.
func Write(path string, arrays ...tensorfile.Array) error {
	if err := check(arrays); err != nil {
		return err
	}
	switch filepath.Ext(path) {
	case ".npy":
		return atomicfile.Stream(path, func(w io.Writer) error { return writeDict(w, arrays) })
	case ".npz":
		return atomicfile.Stream(path, func(w io.Writer) error { return writeArchive(w, arrays) })
	}
	return fmt.Errorf("write weights %q: want the extension .npy or .npz", path)
}

// writeArchive stores its members uncompressed, as np.savez does: trained weights hardly
// compress, and deflating them takes minutes.
func writeArchive(w io.Writer, arrays []tensorfile.Array) error {
	z := zip.NewWriter(w)
	for _, a := range arrays {
		out, err := z.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		p := &pickler{w: bufio.NewWriter(out)}
		p.header("<f4", a.Shape)
		p.floats(a.Data)
		if err := p.w.Flush(); err != nil {
			return err
		}
	}
	return z.Close()
}

// writeDict writes {layer: [weights, biases]} as the single object of a .npy file, a protocol 2 pickle. An array's data
// is a Python 2 byte string, as in bvlc_alexnet.npy, and the names are character strings; so np.load(path,
// allow_pickle=True, encoding="bytes").item(), or "latin1", gives names of type str in Python 3.
func writeDict(w io.Writer, arrays []tensorfile.Array) error {
	p := &pickler{w: bufio.NewWriterSize(w, 256<<10)}
	p.header("|O", nil)
	p.raw("\x80\x02")
	p.array(nil, "O8", "|", 63, func() { p.raw("]"); p.dict(arrays); p.raw("a") })
	p.raw(".")
	return p.w.Flush()
}

// pickler writes .npy files and the opcodes of a protocol 2 pickle. It uses no memo: only a
// few names could be shared. Write errors stay in w until Flush.
type pickler struct{ w *bufio.Writer }

// header writes the header of a .npy file, which aligns the data to 64 bytes.
func (p *pickler) header(descr string, shape []int) {
	dims := ""
	for _, dim := range shape {
		dims += fmt.Sprintf("%d, ", dim)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims)
	const prefix = len(magic) + 4
	padded := (prefix+len(text)+1+63)/64*64 - prefix
	p.raw(magic + "\x01\x00")
	p.number(2, padded)
	p.raw(text + strings.Repeat(" ", padded-len(text)-1) + "\n")
}

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

func (p *pickler) dict(arrays []tensorfile.Array) {
	p.raw("}(")
	for len(arrays) > 0 {
		layer, _ := splitName(arrays[0].Name)
		var pair [2]*tensorfile.Array
		for len(arrays) > 0 {
			next, part := splitName(arrays[0].Name)
			if next != layer {
				break
			}
			pair[part], arrays = &arrays[0], arrays[1:]
		}
		p.name(layer)
		p.raw("](")
		p.layerArray(pair[0])
		p.layerArray(pair[1])
		p.raw("e")
	}
	p.raw("u")
}

// splitName returns the layer of a name, and 0 for its weights, 1 for its biases or -1 for a name that is neither.
func splitName(name string) (layer string, part int) {
	for part, ending := range [...]string{"/weights", "/biases"} {
		if layer, ok := strings.CutSuffix(name, ending); ok {
			return layer, part
		}
	}
	return "", -1
}

func (p *pickler) layerArray(a *tensorfile.Array) {
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

// check refuses arrays that could not be read back.
func check(arrays []tensorfile.Array) error {
	if len(arrays) == 0 {
		return fmt.Errorf("write weights: got no arrays, want at least one")
	}
	seen := make(map[string]bool)
	last := ""
	for _, a := range arrays {
		layer, part := splitName(a.Name)
		if !validName(layer) || part < 0 || seen[a.Name] || layer != last && seen[layer] {
			return fmt.Errorf("write array %q: want a distinct, printable LAYER/weights or LAYER/biases, those of a layer next to each other", a.Name)
		}
		seen[a.Name], seen[layer], last = true, true, layer
		if n, err := tensorfile.Count(a.Shape, math.MaxInt32/4, 0); err != nil || n != len(a.Data) {
			return fmt.Errorf("write array %q: got %d values of shape %v, want dimensions whose product they are, and at most 2 GiB", a.Name, len(a.Data), a.Shape)
		}
	}
	return nil
}
