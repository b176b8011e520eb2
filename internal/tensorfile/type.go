package tensorfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unsafe"

	"alexnet/internal/half"
)

// Type is how the elements of a tensor are stored: as one of the float types, in little-endian order unless Big.
type Type struct {
	Code FloatType
	Big  bool
}

// FloatType is a type of floating-point numbers.
type FloatType string

// The types that are read; all but float64 are exact in float32.
const (
	Float16  FloatType = "float16"
	BFloat16 FloatType = "bfloat16"
	Float32  FloatType = "float32"
	Float64  FloatType = "float64"
)

// Width is the size of one element in bytes.
func (t Type) Width() int {
	switch t.Code {
	case Float16, BFloat16:
		return 2
	case Float64:
		return 8
	}
	return 4
}

func (t Type) String() string {
	if t.Big {
		return string(t.Code) + ", big-endian"
	}
	return string(t.Code)
}

func (t Type) order() binary.ByteOrder {
	if t.Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// decode fills out from r. float32 goes straight into place, so that a large file needs no second copy.
func (t Type) decode(r io.Reader, out []float32) error {
	if t.Code == Float32 {
		return t.decodeInPlace(r, out)
	}
	width := t.Width()
	buf := make([]byte, min(len(out), 8192)*width)
	for len(out) > 0 {
		n := min(len(out)*width, len(buf))
		if _, err := io.ReadFull(r, buf[:n]); err != nil {
			return err
		}
		if err := t.convert(buf[:n], out[:n/width]); err != nil {
			return err
		}
		out = out[n/width:]
	}
	return nil
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// rawBytes are the bytes of values in memory.
func rawBytes(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

func (t Type) decodeInPlace(r io.Reader, out []float32) error {
	raw := rawBytes(out)
	if _, err := io.ReadFull(r, raw); err != nil {
		return err
	}
	if t.Big != littleEndian {
		return nil
	}
	order := t.order()
	for i := range out {
		out[i] = math.Float32frombits(order.Uint32(raw[4*i:]))
	}
	return nil
}

func (t Type) convert(raw []byte, out []float32) error {
	order := t.order()
	switch t.Code {
	case Float16:
		for i := range out {
			out[i] = half.Float32(order.Uint16(raw[2*i:]))
		}
	case BFloat16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(order.Uint16(raw[2*i:])) << 16)
		}
	case Float64:
		for i := range out {
			wide := math.Float64frombits(order.Uint64(raw[8*i:]))
			out[i] = float32(wide)
			if math.IsInf(float64(out[i]), 0) && !math.IsInf(wide, 0) {
				return overflowError{wide}
			}
		}
	}
	return nil
}

// overflowError is a float64 outside float32's range.
type overflowError struct{ value float64 }

func (e overflowError) Error() string {
	return fmt.Sprintf("float64 value %g, beyond float32", e.value)
}
