package input

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestExifOrientation(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	good := exif(le, 0x0112, 3, 1, 6)
	far := bytes.Clone(good)
	le.PutUint32(far[4:], 1<<31)
	many := bytes.Clone(good)
	le.PutUint16(many[8:], 0xffff)
	second := append(bytes.Clone(good[:8]), 2, 0)
	second = append(second, exif(le, 0x010f, 2, 1, 0)[10:22]...)
	second = append(second, good[10:]...)
	tests := []struct {
		name string
		data []byte
		want int
	}{
		{"little-endian", good, 6},
		{"big-endian", exif(be, 0x0112, 3, 1, 8), 8},
		{"second entry", second, 6},
		{"other tag", exif(le, 0x0113, 3, 1, 6), 1},
		{"type long", exif(le, 0x0112, 4, 1, 6), 1},
		{"two values", exif(le, 0x0112, 3, 2, 6), 1},
		{"value 0", exif(le, 0x0112, 3, 1, 0), 1},
		{"value 9", exif(le, 0x0112, 3, 1, 9), 1},
		{"directory beyond end", far, 1},
		{"more entries than bytes", many, 6},
		{"truncated entry", good[:15], 1},
		{"truncated header", good[:7], 1},
		{"no byte order", append([]byte("XX*\x00"), good[4:]...), 1},
		{"empty", nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exifOrientation(bytes.NewReader(tt.data)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func FuzzExifOrientation(f *testing.F) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for v := range uint16(10) {
			f.Add(exif(order, 0x0112, 3, 1, v))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := exifOrientation(bytes.NewReader(data)); o < 1 || o > 8 {
			t.Fatalf("got %d, want 1 to 8", o)
		}
	})
}
