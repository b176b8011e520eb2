package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/tensorfile"
)

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // the dtype; "" for an error
		fortran    bool
		shape      []int
		err        string
	}{
		{"numpy 1", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n", "float32", false, []int{3, 4}, ""},
		{"no spaces, no commas", "{'descr':'>f8','fortran_order':True,'shape':(3,)}", "float64, big-endian", true, []int{3}, ""},
		{"other order", "{'shape': (), 'fortran_order': False, 'descr': '|O'}\n", "|O", false, []int{}, ""},
		{"double quotes", `{"descr": "<f2", "fortran_order": False, "shape": (1, 2, 3)}`, "float16", false, []int{1, 2, 3}, ""},
		{"python 2 longs", "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }\n", "float32", false, []int{3, 4}, ""},
		{"unsupported dtype", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }\n", "", false, nil, `dtype "<i8"`},
		{"structured", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }\n", "", false, nil, "each key once"},
		{"negative", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n", "", false, nil, "each key once"},
		{"beyond int", "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }\n", "", false, nil, "a dimension"},
		{"not a tuple", "{'descr': '<f4', 'fortran_order': False, 'shape': (3), }\n", "", false, nil, "each key once"},
		{"list", "{'descr': '<f4', 'fortran_order': False, 'shape': [3], }\n", "", false, nil, "each key once"},
		{"expression", "{'descr': '<f4', 'fortran_order': False, 'shape': (2**31,), }\n", "", false, nil, "each key once"},
		{"call", "{'descr': exit(), 'fortran_order': False, 'shape': (3,), }\n", "", false, nil, "each key once"},
		{"order is a number", "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }\n", "", false, nil, "each key once"},
		{"missing key", "{'descr': '<f4', 'shape': (3,), }\n", "", false, nil, "'fortran_order'"},
		{"extra key", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}\n", "", false, nil, "each key once"},
		{"key twice", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\n", "", false, nil, "each key once"},
		{"escape", `{'descr': '\x3cf4', 'fortran_order': False, 'shape': (3,)}`, "", false, nil, "each key once"},
		{"no end", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)", "", false, nil, "a dictionary"},
		{"open string", "{'descr", "", false, nil, "a dictionary"},
		{"more after", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x", "", false, nil, "a dictionary"},
		{"nothing", "", "", false, nil, "a dictionary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := parseHeader(c.text, 10)
			if c.err != "" {
				var format *tensorfile.Error
				if !errors.As(err, &format) || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %v, want a tensorfile.Error with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if name(h.dtype) != c.want || h.fortran != c.fortran || !slices.Equal(h.shape, c.shape) {
				t.Errorf("got %s %v %v, want %s %v %v", h.dtype, h.fortran, h.shape, c.want, c.fortran, c.shape)
			}
		})
	}
}

func TestHeaderVersions(t *testing.T) {
	text := plainHeader("<f4", "False", "(3,)")
	for _, c := range []struct {
		name, prefix string
		width        int
		ok           bool
	}{
		{"1.0", magic + "\x01\x00", 2, true},
		{"2.0", magic + "\x02\x00", 4, true},
		{"3.0", magic + "\x03\x00", 4, true},
		{"4.0", magic + "\x04\x00", 4, false},
		{"1.1", magic + "\x01\x01", 2, false},
		{"0.0", magic + "\x00\x00", 2, false},
		{"other magic", "\x93NUMPI\x01\x00", 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			length := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))[:c.width]
			file := c.prefix + string(length) + text
			cur := tensorfile.NewCursor(bytes.NewReader([]byte(file)), 0, int64(len(file)))
			h, err := readHeader(cur)
			if c.ok && (err != nil || name(h.dtype) != "float32" || cur.Left() != 0) {
				t.Errorf("got %v, %v with %d bytes left", h, err, cur.Left())
			}
			if !c.ok && err == nil {
				t.Error("got no error")
			}
		})
	}
	long := magic + "\x02\x00" + le(4, maxHeader+1) + strings.Repeat(" ", maxHeader+1)
	if _, err := readHeader(tensorfile.NewCursor(strings.NewReader(long), 0, int64(len(long)))); err == nil {
		t.Error("got no error for a header longer than NumPy allows")
	}
}

// name is "|O" for objects.
func name(d dtype) string {
	if d.object {
		return "|O"
	}
	return d.String()
}
