package bundle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
)

const floatSize = 4

// maxCopy bounds the allocation for one variable: a data file may be sparse, so its size
// is no bound. AlexNet's largest variable takes 358 MB with 21,841 classes.
const maxCopy = 768 << 20

// littleEndian is whether float32s have the same layout in memory as in a bundle.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Float32s returns a copy of a variable's values. Their checksum is verified: a mismatch is a [*FormatError]. The error
// wraps [ErrNoVariable] if there is no such variable, and [errors.ErrUnsupported] if it is not float32, is partitioned
// or takes more than 768 MiB; use [Reader.Read] for the last.
func (r *Reader) Float32s(name string) ([]float32, error) {
	e, err := r.floats(name)
	if err != nil {
		return nil, err
	}
	if e.Bytes > maxCopy {
		return nil, fmt.Errorf("read variable %q: got %d bytes of shape %v, want at most %d: %w", name, e.Bytes, e.Shape, maxCopy, errors.ErrUnsupported)
	}
	values := make([]float32, e.Bytes/floatSize)
	if err := r.copyFloats(e, values); err != nil {
		return nil, err
	}
	return values, nil
}

// Read is [Reader.Float32s] into an existing slice of the variable's number of elements.
// After an error its content is undefined.
func (r *Reader) Read(name string, into []float32) error {
	e, err := r.floats(name)
	if err != nil {
		return err
	}
	if want := e.Bytes / floatSize; int64(len(into)) != want {
		return fmt.Errorf("read variable %q: got room for %d values, want %d of shape %v", name, len(into), want, e.Shape)
	}
	return r.copyFloats(e, into)
}

// Verify verifies the checksum of a variable of any fixed-width type. A mismatch is a [*FormatError]. The error wraps
// [ErrNoVariable] if there is no such variable, and [errors.ErrUnsupported] if it holds strings or is partitioned.
func (r *Reader) Verify(name string) error {
	e, err := r.find(name)
	if err != nil {
		return err
	}
	switch e.DType {
	case types_go_proto.DataType_DT_STRING, types_go_proto.DataType_DT_RESOURCE, types_go_proto.DataType_DT_VARIANT:
		return fmt.Errorf("verify variable %q: got %v, want a type of fixed width: %w", name, e.DType, errors.ErrUnsupported)
	}
	if err := e.checkNotPartitioned(); err != nil {
		return fmt.Errorf("verify variable %q: %w", name, err)
	}
	if err := r.shards[e.shard].read(e, nil); err != nil {
		return fmt.Errorf("verify variable %q: %w", name, err)
	}
	return nil
}

// floats finds a variable whose values can be read.
func (r *Reader) floats(name string) (*entry, error) {
	e, err := r.find(name)
	if err != nil {
		return nil, err
	}
	if e.DType != types_go_proto.DataType_DT_FLOAT {
		return nil, fmt.Errorf("read variable %q: got %v, want DT_FLOAT: %w", name, e.DType, errors.ErrUnsupported)
	}
	if err := e.checkNotPartitioned(); err != nil {
		return nil, fmt.Errorf("read variable %q: %w", name, err)
	}
	return e, nil
}

// checkNotPartitioned refuses a variable that a partitioner split.
func (e *entry) checkNotPartitioned() error {
	if e.Slices == 0 {
		return nil
	}
	return fmt.Errorf("got a partitioned variable in %d slices, want one saved whole: %w", e.Slices, errors.ErrUnsupported)
}

func (r *Reader) copyFloats(e *entry, into []float32) error {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(into))), e.Bytes)
	if err := r.shards[e.shard].read(e, raw); err != nil {
		return fmt.Errorf("read variable %q: %w", e.Name, err)
	}
	if !littleEndian {
		for i := range into {
			into[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[i*floatSize:]))
		}
	}
	return nil
}
