package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"alexnet/internal/half"
	"alexnet/internal/tensorfile"
)

// Write writes arrays as tensors of the type F32 or F16, in their order. The metadata may be nil; under the key "channels"
// it says the order in which the first convolution reads them, RGB or BGR. Values that float16 cannot hold are an error.
func Write(w io.Writer, dtype tensorfile.FloatType, metadata map[string]string, arrays ...tensorfile.Array) error {
	if len(arrays) == 0 {
		return errNothing
	}
	header, err := header(dtype, metadata, arrays)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	out.Write(header)
	for _, a := range arrays {
		if err := writeData(out, dtype, a); err != nil {
			return err
		}
	}
	return out.Flush()
}

// header returns the JSON, padded so that the data is aligned to 8 bytes.
func header(dtype tensorfile.FloatType, metadata map[string]string, arrays []tensorfile.Array) ([]byte, error) {
	code := map[tensorfile.FloatType]string{tensorfile.Float32: "F32", tensorfile.Float16: "F16"}[dtype]
	if code == "" {
		return nil, fmt.Errorf("write safetensors: got type %q, want %s or %s", dtype, tensorfile.Float32, tensorfile.Float16)
	}
	type tensor struct {
		Dtype   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	entries := map[string]any{}
	if metadata != nil {
		entries["__metadata__"] = metadata
	}
	end := int64(0)
	for _, a := range arrays {
		if n, err := tensorfile.Count(a.Shape, math.MaxInt32, 0); err != nil || n != len(a.Data) || entries[a.Name] != nil || a.Name == "" {
			return nil, fmt.Errorf("write tensor %q: got %d values of shape %v, want a distinct name and dimensions whose product they are", a.Name, len(a.Data), a.Shape)
		}
		start := end
		end += int64(len(a.Data) * tensorfile.Type{Code: dtype}.Width())
		shape := a.Shape
		if shape == nil {
			shape = []int{}
		}
		entries[a.Name] = tensor{code, shape, [2]int64{start, end}}
	}
	text, err := json.Marshal(entries)
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	return text, err
}

// writeData converts in chunks, since binary.Write copies its argument.
func writeData(w io.Writer, dtype tensorfile.FloatType, a tensorfile.Array) error {
	halves := make([]uint16, 0, 16<<10)
	for chunk := range slices.Chunk(a.Data, cap(halves)) {
		if dtype == tensorfile.Float32 {
			if err := binary.Write(w, binary.LittleEndian, chunk); err != nil {
				return err
			}
			continue
		}
		halves = halves[:0]
		for _, v := range chunk {
			h := half.FromFloat32(v)
			if h&0x7fff == 0x7c00 && !math.IsInf(float64(v), 0) {
				return fmt.Errorf("write tensor %q: got the value %g, want none beyond float16's 65504", a.Name, v)
			}
			halves = append(halves, h)
		}
		if err := binary.Write(w, binary.LittleEndian, halves); err != nil {
			return err
		}
	}
	return nil
}
