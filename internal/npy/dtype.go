package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unsafe"
)

// dtype is how one array's elements are stored: code is f2, f4, f8 or O for objects, order the byte order.
type dtype struct {
	code  string
	order binary.ByteOrder
}

const wantDtype = "float16, float32, float64 or object elements ('<f2', '<f4', '<f8', their '>' forms, '|O')"

// parseDtype reads NumPy's array-protocol type string, such as "<f4" or "|O".
func parseDtype(s string, at int64) (dtype, error) {
	switch s {
	case "|O":
		return dtype{code: "O"}, nil
	case "<f2", "<f4", "<f8":
		return dtype{s[1:], binary.LittleEndian}, nil
	case ">f2", ">f4", ">f8":
		return dtype{s[1:], binary.BigEndian}, nil
	}
	return dtype{}, malformed(at, wantDtype, "dtype %.40q", s)
}

func (d dtype) isObject() bool { return d.code == "O" }

// width is the size of one element in bytes; objects have none.
func (d dtype) width() int {
	switch d.code {
	case "f2":
		return 2
	case "f4":
		return 4
	case "f8":
		return 8
	}
	return 0
}

func (d dtype) String() string {
	switch {
	case d.isObject():
		return "|O"
	case d.order == binary.BigEndian:
		return ">" + d.code
	}
	return "<" + d.code
}

// decode fills out from r. Little-endian float32 on a little-endian machine, which
// is the usual case, goes straight into place; so a large file needs no second copy.
func (d dtype) decode(r io.Reader, out []float32) error {
	if d.code == "f4" {
		return d.decodeInPlace(r, out)
	}
	width := d.width()
	buf := make([]byte, min(len(out), 8192)*width)
	for len(out) > 0 {
		n := min(len(out)*width, len(buf))
		if _, err := io.ReadFull(r, buf[:n]); err != nil {
			return err
		}
		if err := d.convert(buf[:n], out[:n/width]); err != nil {
			return err
		}
		out = out[n/width:]
	}
	return nil
}

func (d dtype) decodeInPlace(r io.Reader, out []float32) error {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), 4*len(out))
	if _, err := io.ReadFull(r, raw); err != nil {
		return err
	}
	if d.order.Uint16([]byte{1, 0}) == binary.NativeEndian.Uint16([]byte{1, 0}) {
		return nil
	}
	for i := range out {
		out[i] = math.Float32frombits(d.order.Uint32(raw[4*i:]))
	}
	return nil
}

func (d dtype) convert(raw []byte, out []float32) error {
	for i := range out {
		if d.code == "f2" {
			out[i] = half(d.order.Uint16(raw[2*i:]))
			continue
		}
		wide := math.Float64frombits(d.order.Uint64(raw[8*i:]))
		out[i] = float32(wide)
		if math.IsInf(float64(out[i]), 0) && !math.IsInf(wide, 0) {
			return errOverflow{wide}
		}
	}
	return nil
}

// errOverflow is a float64 outside float32's range.
type errOverflow struct{ value float64 }

func (e errOverflow) Error() string {
	return fmt.Sprintf("float64 value %g, beyond float32", e.value)
}

// half widens an IEEE 754 binary16 number, subnormals, infinities and NaNs included.
func half(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent, fraction := uint32(bits>>10)&0x1f, uint32(bits&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
