package caffemodel

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	floatSize  = 4
	doubleSize = 8
)

var errChanged = errors.New("the file has changed while it was read")

// values returns the type and number of the values of a blob that f holds: all of them in one field, or one in each. The
// number is negative for other fields.
func (f field) values() (dtype string, count int64, err error) {
	size := int64(0)
	switch f.number {
	case 5:
		dtype, size = "float32", floatSize
	case 8:
		dtype, size = "float64", doubleSize
	default:
		return "", -1, nil
	}
	single := map[int64]protowire.Type{floatSize: protowire.Fixed32Type, doubleSize: protowire.Fixed64Type}[size]
	if f.wire != protowire.BytesType && f.wire != single || f.value.size()%size != 0 {
		return "", 0, malformed(f.start, dtype+" values", "%d bytes of wire type %d", f.value.size(), f.wire)
	}
	return dtype, f.value.size() / size, nil
}

// values reads the values of a blob.
func (r *reader) values(b Blob) ([]float32, error) {
	values := make([]float32, b.count)
	out := values
	for rest := b.at; rest.size() > 0; {
		f, err := r.next(rest)
		if err != nil {
			return nil, err
		}
		rest.start = f.value.end
		_, count, err := f.values()
		if err != nil {
			return nil, err
		}
		if count <= 0 {
			continue
		}
		if count > int64(len(out)) {
			return nil, errChanged
		}
		if err := r.read(f.value, b.Dtype, out[:count]); err != nil {
			return nil, err
		}
		out = out[count:]
	}
	if len(out) > 0 {
		return nil, errChanged
	}
	return values, nil
}

// read reads the values in s into out.
func (r *reader) read(s span, dtype string, out []float32) error {
	var doubles []float64
	if dtype == "float64" {
		doubles = make([]float64, min(len(out), windowSize/doubleSize))
	}
	for s.size() > 0 {
		part, err := r.peek(s.start, min(s.size(), windowSize))
		if err != nil {
			return err
		}
		n := len(part) / floatSize
		if doubles == nil {
			_, err = binary.Decode(part, binary.LittleEndian, out[:n])
		} else {
			n = len(part) / doubleSize
			_, err = binary.Decode(part, binary.LittleEndian, doubles[:n])
			err = cmp.Or(err, round(doubles[:n], out))
		}
		if err != nil {
			return fmt.Errorf("at byte %d: %w", s.start, err)
		}
		out, s.start = out[n:], s.start+int64(len(part))
	}
	return nil
}

// round rounds to float32.
func round(doubles []float64, out []float32) error {
	for i, d := range doubles {
		out[i] = float32(d)
		if math.IsInf(float64(out[i]), 0) && !math.IsInf(d, 0) {
			return fmt.Errorf("got the float64 value %g, want one within float32", d)
		}
	}
	return nil
}
