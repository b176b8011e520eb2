package caffemodel

import (
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const (
	// maxDescription bounds the bytes that are decoded, with messageCost for each message. A network of a thousand
	// convolutions has some 10,000 messages.
	maxDescription = 4 << 20
	messageCost    = 256

	windowSize = 64 << 10
	maxHeader  = 20 // bytes of a tag and a length
)

// span is a range of bytes of the file.
type span struct{ start, end int64 }

func (s span) size() int64 { return s.end - s.start }

// field is one field of a message.
type field struct {
	number protowire.Number
	wire   protowire.Type
	start  int64 // of its tag
	value  span  // without its length
}

// reader reads messages of a file.
type reader struct {
	file   io.ReaderAt
	left   int64  // of maxDescription
	window []byte // of the file, at
	at     int64
}

// decode reads the message in s. Fields that m declares are decoded into m, except those that visit takes, and others are
// skipped.
func (r *reader) decode(s span, m proto.Message, visit func(field) (taken bool, err error)) error {
	var text []byte
	declared := m.ProtoReflect().Descriptor().Fields()
	if err := r.spend(s.start, messageCost); err != nil {
		return err
	}
	for rest := s; rest.size() > 0; {
		f, err := r.next(rest)
		if err != nil {
			return err
		}
		rest.start = f.value.end
		taken, err := visit(f)
		if err != nil {
			return err
		}
		if taken || declared.ByNumber(f.number) == nil {
			continue
		}
		whole := span{f.start, f.value.end}
		if err := r.spend(f.start, whole.size()); err != nil {
			return err
		}
		if text, err = r.append(text, whole); err != nil {
			return err
		}
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 8}).Unmarshal(text, m); err != nil {
		return malformed(s.start, "a "+string(m.ProtoReflect().Descriptor().Name()), "%d bytes that do not parse (%v)", s.size(), err)
	}
	return nil
}

// spend counts bytes toward maxDescription.
func (r *reader) spend(at, bytes int64) error {
	if r.left -= bytes; r.left < 0 {
		return malformed(at, fmt.Sprintf("a network described in at most %d bytes", maxDescription), "more")
	}
	return nil
}

// next returns the field that s begins with.
func (r *reader) next(s span) (field, error) {
	head, err := r.peek(s.start, min(s.size(), maxHeader))
	if err != nil {
		return field{}, err
	}
	number, wire, n := protowire.ConsumeTag(head)
	if n < 0 {
		return field{}, malformed(s.start, "a field", "%.4x (%v)", head, protowire.ParseError(n))
	}
	size := uint64(0)
	switch wire {
	case protowire.VarintType:
		_, length := protowire.ConsumeVarint(head[n:])
		size = uint64(length)
		if length < 0 {
			return field{}, malformed(s.start, "a number", "%.12x (%v)", head, protowire.ParseError(length))
		}
	case protowire.Fixed32Type:
		size = 4
	case protowire.Fixed64Type:
		size = 8
	case protowire.BytesType:
		length := 0
		if size, length = protowire.ConsumeVarint(head[n:]); length < 0 {
			return field{}, malformed(s.start, "a length", "%.12x (%v)", head, protowire.ParseError(length))
		}
		n += length
	default:
		return field{}, malformed(s.start, "a number, bytes or a message", "field %d of wire type %d", number, wire)
	}
	value := span{s.start + int64(n), s.end}
	if value.size() < 0 || size > uint64(value.size()) {
		return field{}, malformed(s.start, fmt.Sprintf("a field within the %d bytes that remain", s.size()), "field %d of %d bytes", number, size)
	}
	value.end = value.start + int64(size)
	return field{number, wire, s.start, value}, nil
}

// peek returns n bytes of the file, at most windowSize. They are valid until the next call.
func (r *reader) peek(at, n int64) ([]byte, error) {
	if at < r.at || at+n > r.at+int64(len(r.window)) {
		if r.window == nil {
			r.window = make([]byte, windowSize)
		}
		got, err := r.file.ReadAt(r.window[:windowSize], at)
		if r.window, r.at = r.window[:got], at; int64(got) < n {
			return nil, fmt.Errorf("read %d bytes at byte %d: %w", n, at, err)
		}
	}
	return r.window[at-r.at:][:n], nil
}

// append appends the bytes of s to text.
func (r *reader) append(text []byte, s span) ([]byte, error) {
	for s.size() > 0 {
		part, err := r.peek(s.start, min(s.size(), windowSize))
		if err != nil {
			return nil, err
		}
		text = append(text, part...)
		s.start += int64(len(part))
	}
	return text, nil
}
