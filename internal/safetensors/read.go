// Package safetensors reads and writes the format of Hugging Face's safetensors library
// (https://github.com/huggingface/safetensors#format): the length of a JSON header, the header, and the data of all tensors.
// Start with [Read] and [Write].
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"alexnet/internal/tensorfile"
)

// maxHeader bounds the header, which is held in memory. AlexNet's has 2 kB, one of 10,000 tensors about 1 MB.
const maxHeader = 4 << 20

// widths are the sizes of an element of each type; those in types are read.
var widths = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8,
}

var types = map[string]tensorfile.FloatType{
	"F16": tensorfile.Float16, "BF16": tensorfile.BFloat16, "F32": tensorfile.Float32, "F64": tensorfile.Float64,
}

// entry is a tensor in the header. Offsets are relative to the end of the header.
type entry struct {
	name    string
	Dtype   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Read reads the header of a file of size bytes, and checks that the tensors cover the data without gap or overlap. Tensors of
// other than floats, and empty ones, are skipped. src stays in use until the data is read.
func Read(src io.ReaderAt, size int64) (*tensorfile.File, error) {
	cur := tensorfile.NewCursor(src, 0, size)
	n, err := cur.Number(8, "header length")
	if err != nil {
		return nil, err
	}
	if n > maxHeader {
		return nil, tensorfile.Malformed(0, fmt.Sprintf("a header of at most %d bytes", maxHeader), "%d", n)
	}
	if err := cur.Skip(n, "header"); err != nil {
		return nil, err
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(src, 8, int64(n)), text); err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	f := &tensorfile.File{Format: "safetensors", OutFirst: true}
	if c := metadata[channelsKey]; c == "RGB" || c == "BGR" {
		f.Channels = c
	}
	return f, addTensors(f, entries, src, cur.Offset(), size)
}

// channelsKey is the key of the metadata under which Write's callers say the order of channels.
const channelsKey = "channels"

// parseHeader reads {"name": {"dtype": …, "shape": …, "data_offsets": …}, …, "__metadata__": {…}}, each key once.
func parseHeader(text []byte) (entries []entry, metadata map[string]string, err error) {
	malformed := func(want, got string, args ...any) ([]entry, map[string]string, error) {
		return nil, nil, tensorfile.Malformed(8, want+" in the header", got, args...)
	}
	if len(text) == 0 || text[0] != '{' {
		return malformed("a JSON object", "%.8q", text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.Token() // the brace
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return malformed("valid JSON", "%v", err)
		}
		if seen[name] {
			return malformed("each tensor once", "a second %.80q", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := d.Decode(&metadata); err != nil {
				return malformed("strings as metadata", "%s", short(err))
			}
			continue
		}
		e := entry{name: name, Offsets: [2]int64{-1, -1}}
		if err := d.Decode(&e); err != nil {
			return malformed("dtype, shape and data_offsets", "%s for %.80q", short(err), name)
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return malformed("valid JSON", "%s", short(err))
	}
	if rest := bytes.TrimLeft(text[d.InputOffset():], " "); len(rest) > 0 {
		return malformed("spaces at most after the object", "%.8q", rest)
	}
	return entries, metadata, nil
}

func short(err error) string { return fmt.Sprintf("%.120s", err) }

func addTensors(f *tensorfile.File, entries []entry, src io.ReaderAt, start, size int64) error {
	ordered := slices.SortedStableFunc(slices.Values(entries), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	end := int64(0)
	for _, e := range ordered {
		if e.Offsets[0] != end || e.Offsets[1] < end || e.Offsets[1] > size-start {
			return tensorfile.Malformed(8, fmt.Sprintf("tensors one after another in %d bytes of data", size-start), "%.80q from %d to %d after byte %d", e.name, e.Offsets[0], e.Offsets[1], end)
		}
		end = e.Offsets[1]
	}
	if end != size-start {
		return tensorfile.Malformed(start+end, "the end of the file after the tensors", "%d bytes more", size-start-end)
	}
	for _, e := range ordered {
		d, err := e.data(src, start)
		if err != nil {
			return err
		}
		if d == nil {
			f.Skip(strings.ToValidUTF8(e.name, "�"))
			continue
		}
		f.Tensors = append(f.Tensors, &tensorfile.Tensor{Name: e.name, Data: d})
	}
	return nil
}

// data returns nil for a tensor that is not read.
func (e entry) data(src io.ReaderAt, start int64) (*tensorfile.Data, error) {
	width, bytes := widths[e.Dtype], e.Offsets[1]-e.Offsets[0]
	if width == 0 {
		return nil, tensorfile.Malformed(8, fmt.Sprintf("one of the types %q", slices.Sorted(maps.Keys(widths))), "%.20q of %.80q", e.Dtype, e.name)
	}
	shape := make([]int, len(e.Shape))
	for i, dim := range e.Shape {
		if dim < 0 {
			return nil, tensorfile.Malformed(8, "dimensions from 0 up", "shape %v of %.80q", e.Shape, e.name)
		}
		shape[i] = int(dim)
	}
	if slices.Contains(shape, 0) && bytes == 0 {
		return nil, nil
	}
	count, err := tensorfile.Count(shape, bytes/width, 8)
	if err != nil {
		return nil, err
	}
	if int64(count)*width != bytes {
		return nil, tensorfile.Malformed(8, fmt.Sprintf("%d bytes for %s of shape %v", int64(count)*width, e.Dtype, shape), "%d for %.80q", bytes, e.name)
	}
	code, ok := types[e.Dtype]
	if !ok {
		return nil, nil
	}
	at := start + e.Offsets[0]
	return &tensorfile.Data{Shape: shape, Type: tensorfile.Type{Code: code}, At: at, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(src, at, bytes)), nil
	}}, nil
}

var errNothing = errors.New("write safetensors: got no tensors, want at least one")
