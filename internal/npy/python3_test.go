package npy

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

// python3Pickles are small files in what only some versions of Python 3 and NumPy write,
// by hand, so that they are tested whichever is installed. All hold a, with the values 1
// and 2 in the shape given.
func python3Pickles() []struct {
	name, file string
	shape      []int
} {
	const data = "\x00\x00\x80?\x00\x00\x00@"
	dtype := strings.NewReplacer("cnumpy\ndtype\n", "\x8c\x05numpy\x94\x8c\x05dtype\x94\x93", "U\x02", "\x8c\x02", "U\x01", "\x8c\x01").Replace(py2Dtype)
	buffer := "}\x8c\x01a]\x8c\x13numpy._core.numeric\x8c\x0b_frombuffer\x93(\x96" + le(8, 8) + data + dtype + "K\x01K\x02\x86\x8c\x01"
	framed := func(s string) string { return "\x80\x05\x95" + le(8, len(s)) + s }
	latin1 := py2Reconstruct + "(K\x01K\x02\x85" + py2Dtype + "\x89c_codecs\nencode\n" +
		"X\x09\x00\x00\x00\x00\x00\xc2\x80?\x00\x00\x00@X\x06\x00\x00\x00latin1\x86Rtb"
	state := "(K\x01K\x02\x85" + py2Dtype + "\x88C\x08" + data + "tb"
	return []struct {
		name, file string
		shape      []int
	}{
		{"buffer in C order", framed(buffer + "CtRas."), []int{1, 2}},
		{"buffer in Fortran order", framed(buffer + "FtRas."), []int{1, 2}},
		{"buffer in other order", framed(buffer + "KK\x01K\x00\x86tRas."), []int{2, 1}},
		{"buffer in other order, unchanged", framed(buffer + "KK\x00K\x01\x86tRas."), []int{1, 2}},
		{"bytes as characters", "\x80\x02}X\x01\x00\x00\x00a]" + latin1 + "as.", []int{2}},
		{"keys of bytes", "\x80\x03}C\x01a}C\x07weights" + py2Reconstruct + state + "ss.", []int{2}},
		{"ordered, with a number beside", "\x80\x03ccollections\nOrderedDict\n)R(C\x01a]" + py2Reconstruct + state +
			"aC\x02lrG\x3f\xf0\x00\x00\x00\x00\x00\x00u.", []int{2}},
	}
}

func TestPython3(t *testing.T) {
	for _, c := range python3Pickles() {
		t.Run(c.name, func(t *testing.T) {
			w, err := readBytes([]byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			want := &Array{Shape: c.shape, Data: []float32{1, 2}}
			if err := sameLayers(w.Layers, []Layer{{"a", want, nil}}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPython3Refused changes one thing at a time in files that are read.
func TestPython3Refused(t *testing.T) {
	seeds := make(map[string]string)
	for _, c := range python3Pickles() {
		seeds[c.name] = c.file
	}
	for _, c := range []struct{ name, seed, old, new, want string }{
		{"axes twice", "buffer in other order", "KK\x01K\x00\x86", "KK\x01K\x01\x86", "a permutation"},
		{"axes beyond", "buffer in other order", "KK\x01K\x00\x86", "KK\x01K\x02\x86", "a permutation"},
		{"axes missing", "buffer in other order", "KK\x01K\x00\x86tRas.", "KtRas.NNNNN", "_frombuffer"},
		{"unknown order", "buffer in C order", "Ct", "At", "_frombuffer"},
		{"wrong shape", "buffer in C order", "K\x01K\x02\x86", "K\x01K\x01\x86", "8 bytes for shape [1 1]"},
		{"character beyond latin-1", "bytes as characters", "\xc2\x80?", "\xc4\x80?", "not latin-1"},
		{"invalid UTF-8", "bytes as characters", "\xc2\x80?", "\xc2\xc2?", "not latin-1"},
		{"too few characters", "bytes as characters", "\x00\x00\xc2\x80?", "\xc2\x80\xc2\x80?", "less data"},
		{"too many characters", "bytes as characters", "\x00\x00\xc2\x80?", "\x00\x00\x00\x00?", "more data"},
		{"arguments of OrderedDict", "ordered, with a number beside", ")R(", "N\x85R(", "OrderedDict()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(seeds[c.seed], c.old, c.new, 1)
			if changed == seeds[c.seed] {
				t.Fatal("the file does not have what is to be changed")
			}
			if _, err := readBytes([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to contain %q", err, c.want)
			}
		})
	}
}

// TestDamagedDeflate changes each byte of a deflated array and of a deflated pickle. Not
// every change can be noticed, but none may go through to other values.
func TestDamagedDeflate(t *testing.T) {
	var dict bytes.Buffer
	if err := writeDict(&dict, arrays(twoLayers())); err != nil {
		t.Fatal(err)
	}
	a := npyFile(plainHeader("<f4", "False", "(2, 3)"), floatBytes(ramp(0, 2, 3)))
	for _, m := range []member{{"conv1_W.npy", a, zip.Deflate}, {"data.npy", dict.Bytes(), zip.Deflate}, {"data.npy", dict.Bytes(), zip.Store}} {
		file := zipFile(t, m)
		good, err := readBytes(file)
		if err != nil {
			t.Fatal(err)
		}
		start := 30 + len(m.name)
		end := bytes.LastIndex(file, []byte("PK\x01\x02"))
		for i := start; i < end; i++ {
			file[i] ^= 0x15
			if w, err := readBytes(file); err == nil && sameLayers(w.Layers, good.Layers) != nil {
				t.Errorf("%s: byte %d changed: other values came out", m.name, i)
			}
			file[i] ^= 0x15
		}
	}
}
