package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/pickle"
	"alexnet/internal/tensorfile"
)

// hostile are malicious or malformed files, with a part of the expected error.
func hostile(t testing.TB) []struct {
	name string
	file []byte
	want string
} {
	a := ramp(0, 2, 3)
	good := py2Array(a)
	const maxOpcodes = pickle.MaxOpcodes
	program := func(s string) []byte { return []byte("\x80\x02" + s) }
	array := func(shape, dtype, data string) []byte {
		return []byte(oneLayer("](" + py2Reconstruct + "(K\x01" + shape + dtype + "\x89" + data + "tbe"))
	}
	deep := strings.Repeat("]", 40) + good + strings.Repeat("a", 40)
	return []struct {
		name string
		file []byte
		want string
	}{
		{"os.system by REDUCE", program("cos\nsystem\n" + py2String("echo hello") + "\x85R."), `"os.system", which is refused`},
		{"os.system by STACK_GLOBAL", []byte("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."), `"os.system", which is refused`},
		{"eval in a layer", []byte(oneLayer("c__builtin__\neval\n" + py2String("1") + "\x85R")), `"__builtin__.eval"`},
		{"numpy name that runs code", program("cnumpy.testing\nrundocs\n)R."), `"numpy.testing.rundocs"`},
		{"dotted name", []byte("\x80\x04\x8c\x05numpy\x8c\x11core.os.system.do\x93."), "which is refused"},
		{"call of ndarray", program("cnumpy\nndarray\n)R."), "a call of"},
		{"call of a string", program(py2String("os.system") + ")R."), "a call of"},
		{"other codec", program("c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R."), "_codecs.encode"},
		{"BUILD on a dictionary", program("}}" + py2String("__setstate__") + "Nsb."), "an array or a dtype for the state"},
		{"BUILD twice", []byte(oneLayer(good + "(K\x01" + py2Shape(a) + py2Dtype + "\x89T" + le(4, 24) + floatBytes(a) + "tb")), "once"},
		{"subclass of ndarray", program("cnumpy.core.multiarray\n_reconstruct\n" + py2String("memmap") + "K\x00\x85U\x01b\x87R."), "numpy.ndarray"},
		{"posix.system by GLOBAL", program("cposix\nsystem\nX\x02\x00\x00\x00id\x85R."), `"posix.system", which is refused`},
		{"builtins.exec by STACK_GLOBAL", []byte("\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c\x01x\x85R."), `"builtins.exec", which is refused`},
		{"builtins.getattr", []byte("\x80\x04\x8c\x08builtins\x8c\x07getattr\x93."), `"builtins.getattr", which is refused`},
		{"subprocess under a mark", program("(csubprocess\nPopen\n" + py2String("id") + "t."), `"subprocess.Popen", which is refused`},
		{"a global made of memo entries", []byte("\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93."), `"os.system", which is refused`},
		{"BUILD of an array with a callable", []byte(oneLayer("](" + py2Reconstruct + "cos\nsystem\nbe")), `"os.system", which is refused`},
		{"BUILD of a state that is no tuple", []byte(oneLayer("](" + py2Reconstruct + "}be")), "state"},
		{"NEWOBJ_EX", program("cnumpy\nndarray\n)}\x92."), "NEWOBJ_EX"},
		{"READONLY_BUFFER", []byte("\x80\x05\x98."), "READONLY_BUFFER"},
		{"DUP", program("N2."), "DUP"},
		{"memo of a far index", program("Nr\xff\xff\xff\xff."), "a dictionary of layers"}, // and no table that long
		{"memo get of a far index", program("Nj\xff\xff\xff\xff."), "entry 4294967295"},
		{"a frame one byte too long", []byte("\x80\x04\x95" + le(8, 3) + "N."), "bytes of frame"},
		{"frames in frames", []byte("\x80\x04\x95" + le(8, 11) + "\x95" + le(8, 1<<40) + "N."), "frame"},
		{"EXT1", program("\x82\x01."), "EXT1"},
		{"EXT2", program("\x83\x01\x00."), "EXT2"},
		{"EXT4", program("\x84\x01\x00\x00\x00."), "EXT4"},
		{"INST", program("(ios\nsystem\n."), "INST"},
		{"OBJ", program("(cnumpy\nndarray\no."), "OBJ"},
		{"NEWOBJ", program("cnumpy\nndarray\n)\x81."), "NEWOBJ"},
		{"PERSID", program("Pid\n."), "PERSID"},
		{"BINPERSID", program("NQ."), "BINPERSID"},
		{"NEXT_BUFFER", []byte("\x80\x05\x97."), "NEXT_BUFFER"},
		{"unknown opcode", program("\xff"), "unknown (0xff)"},
		{"protocol 0", program("(lp0\n."), "LIST"},
		{"protocol 6", []byte("\x80\x06N."), "protocol 2 to 5"},
		{"huge BINUNICODE8", []byte("\x80\x04\x8d" + le(8, math.MaxInt64) + "x."), "bytes of string"},
		{"BINBYTES8 past all", []byte("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), "bytes of string"},
		{"huge BYTEARRAY8", []byte("\x80\x05\x96" + le(8, 1<<40) + "x."), "bytes of string"},
		{"huge BINSTRING", program("T\xff\xff\xff\xffx."), "bytes of string"},
		{"huge FRAME", []byte("\x80\x04\x95" + le(8, 1<<62) + "N."), "bytes of frame"},
		{"huge LONG1", program("\x8a\xff" + strings.Repeat("\x01", 255) + "."), "at most 8 bytes"},
		{"too many memo puts", program("N" + memoPuts(1<<16+1) + "."), "memo entries"},
		{"too many opcodes", program(strings.Repeat("N", maxOpcodes+1)), "opcodes"},
		{"memo get of nothing", program("h\x07."), "entry 7"},
		{"list in itself", program("]q\x00h\x00a."), "a dictionary of layers"},
		{"layers in themselves", program("}q\x00" + py2String("conv1") + "h\x00s."), `the other entries ["conv1/conv1/`},
		{"cycle of two", program("]q\x00]q\x01h\x00ah\x01ah\x00h\x01a."), "values"},
		{"cycle through a tuple", program("}q\x00" + py2String("conv1") + "]q\x01h\x01\x85as."), `the other entries ["conv1"]`},
		{"deep lists", []byte(oneLayer(deep)), `the other entries ["conv1"]`},
		{"lists that multiply", []byte(oneLayer("(" + multiplied(9) + "t")), `the other entries ["conv1"]`},
		{"lists that multiply deep", []byte(oneLayer("(" + multiplied(20) + "t")), `the other entries ["conv1"]`},
		{"a dictionary under many names", []byte(manyNames("conv1", "}", "u", 400)), "at most 131072 entries in layers"},
		{"a list under many names", []byte(manyNames("conv1", "]", "e", 400)), "at most 131072 entries in layers"},
		{"a dictionary under many long names", []byte(manyNames(strings.Repeat("n", 255), "}", "u", 360)), `the other entries ["nnn`},
		{"stack underflow", program("\x87."), "on the stack"},
		{"under a mark", program("N(\x85."), "on the stack"},
		{"no mark", program("t."), "a mark"},
		{"odd SETITEMS", program("}(Nu."), "pairs"},
		{"append to a tuple", program(")Na."), "a list to append to"},
		{"two values at STOP", program("NN."), "2 values"},
		{"no STOP", program("N"), "opcode"},
		{"bytes after STOP", append([]byte(oneLayer(good)), "more"...), "4 bytes more"},
		{"line without end", program("c" + strings.Repeat("a", 4000)), "a longer line"},
		{"shape of 1<<62", array("(\x8a\x08"+le(8, 1<<62)+"t", py2Dtype, "U\x04abcd"), "elements"},
		{"shape that overflows", array("(\x8a\x05"+le(5, 1<<32)+"\x8a\x05"+le(5, 1<<32)+"t", py2Dtype, "U\x04abcd"), "elements"},
		{"shape of -1", array("(J\xff\xff\xff\xfft", py2Dtype, "U\x04abcd"), "once"},
		{"shape of 0", array("(K\x00t", py2Dtype, "U\x00"), "positive dimensions"},
		{"too much data", array("K\x01\x85", py2Dtype, "U\x05abcde"), "5 bytes"},
		{"too many dimensions", array("("+strings.Repeat("K\x01", 65)+"t", py2Dtype, "U\x04abcd"), "dimensions"},
		{"characters as data", array("K\x01\x85", py2Dtype, "X\x04\x00\x00\x00abcd"), "bytes as an array's data"},
		{"list as data", array("K\x01\x85", py2Dtype, "]"), "bytes as an array's data"},
		{"integers", array("K\x01\x85", strings.Replace(py2Dtype, "f4", "i4", 1), "U\x04abcd"), "dtype"},
		{"dtype without an order", array("K\x01\x85", "cnumpy\ndtype\nU\x02f4\x89\x88\x87R", "U\x04abcd"), "a complete dtype"},
		{"dtype with fields", array("K\x01\x85", strings.Replace(py2Dtype, "<NNN", "<N)N", 1), "U\x04abcd"), "plain dtype"},
		{"one string under two arrays", []byte(oneLayer("](" + sharedData(2) + "e")), "over the same bytes"},
		{"objects as many as none", array(")", strings.Replace(strings.Replace(py2Dtype, "f4", "O8", 1), "<", "|", 1), "]"), "a list of objects"},
		{"three arrays", []byte(oneLayer("](" + good + good + good + "e")), "3 values"},
		{"text for biases", []byte(oneLayer("](" + good + py2String("none") + "e")), "an array in"},
		{"invalid name", []byte("\x80\x02}" + py2String("a\nb") + "]" + good + "as."), "a printable name"},
		{"no layers", program("}" + py2String("epoch") + "K\x01s."), `"epoch"`},
		{"a list of arrays", program("]" + good + "a."), "a dictionary of layers"},
		{"text", []byte("layer,weights\n"), "a .npy file"},
		{"empty", nil, "a .npy file"},
		{"plain array", npyFile(plainHeader("<f4", "False", "(2, 3)"), floatBytes(a)), "one plain array"},
		{"half a zip", zipFile(t, member{"a_W.npy", make([]byte, 2000), zip.Store})[:1000], "a zip archive"},
		{"zip that claims 1 TB", claimedSize(t, 1<<40), "plausible sizes"},
		{"zip that claims 3 GB", claimedSize(t, 3<<30), "plausible sizes"},
		{"zip that claims little", claimedSize(t, 200), "at most the 32 elements"},
		{"zip with a wrong sum", wrongSum(t), "checksum"},
		{"zip with a member before the start", memberAt(t, -100), "a member where the directory says"},
		{"zip with a member past the end", memberAt(t, 1<<30), "a member where the directory says"},
		{"zip of many", zipFile(t, make([]member, 16<<10+1)...), "members"},
		{"npz with a forged header", zipFile(t, member{"a_W.npy", npyFile(plainHeader("<f4", "False", "(4611686018427387904,)"), "abcd"), zip.Deflate}), "elements"},
		{"npz with os.system", zipFile(t, member{"a.npy", npyFile(objectHeader, "\x80\x02cos\nsystem\n)R."), zip.Deflate}), "os.system"},
	}
}

// multiplied is n lists, each holding the one before it fifty times.
func multiplied(n int) string {
	s := "]q\x00"
	for i := range n {
		s += "]q" + le(1, i+1) + "(" + strings.Repeat("h"+le(1, i), 50) + "e"
	}
	return s
}

// manyNames is a dictionary of n entries of that name, which all hold the same
// dictionary or list of n pairs.
func manyNames(name, empty, fill string, n int) string {
	s := "\x80\x02}(" + py2String(name) + "q\x00" + empty + "q\x01(" + strings.Repeat("h\x00N", n) + fill
	return s + strings.Repeat("h\x00h\x01", n-1) + "u."
}

func memoPuts(n int) string {
	var s strings.Builder
	for i := range n {
		s.WriteString("r" + le(4, i))
	}
	return s.String()
}

// sharedData is n arrays that all claim the same string.
func sharedData(n int) string {
	data := strings.Repeat("x", 1024)
	s := py2Reconstruct + "(K\x01M\x00\x01\x85" + py2Dtype + "\x89T" + le(4, 1024) + data + "q\x05tb"
	for range n - 1 {
		s += py2Reconstruct + "(K\x01M\x00\x01\x85" + py2Dtype + "\x89h\x05tb"
	}
	return s
}

// claimedSize is a deflated array whose directory entry claims size bytes unpacked.
func claimedSize(t testing.TB, size uint64) []byte {
	t.Helper()
	body := npyFile(plainHeader("<f4", "False", "(64,)"), strings.Repeat("\x00", 256))
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	var packed bytes.Buffer
	inner := zipFile(t, member{"x", body, zip.Deflate})
	r, err := zip.NewReader(bytes.NewReader(inner), int64(len(inner)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packed.ReadFrom(raw); err != nil {
		t.Fatal(err)
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: "a_W.npy", Method: zip.Deflate, CRC32: r.File[0].CRC32,
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: size})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// memberAt changes the offset of the only member in the directory and, if negative, the
// offset of the directory itself.
func memberAt(t testing.TB, offset int) []byte {
	file := zipFile(t, member{"a_W.npy", npyFile(plainHeader("<f4", "False", "(1,)"), "abcd"), zip.Store})
	directory := bytes.LastIndex(file, []byte("PK\x01\x02"))
	end := bytes.LastIndex(file, []byte("PK\x05\x06"))
	if offset < 0 {
		binary.LittleEndian.PutUint32(file[end+16:], uint32(directory-offset))
		return file
	}
	binary.LittleEndian.PutUint32(file[directory+42:], uint32(offset))
	return file
}

// wrongSum is a stored array with one flipped bit, so that its checksum is wrong.
func wrongSum(t testing.TB) []byte {
	a := ramp(1, 64)
	file := zipFile(t, member{"a_W.npy", npyFile(plainHeader("<f4", "False", "(64,)"), floatBytes(a)), zip.Store})
	last := binary.LittleEndian.AppendUint32(nil, math.Float32bits(a.Data[63]))
	file[bytes.Index(file, last)] ^= 1
	return file
}

// TestHostile also bounds the allocations before each refusal to a few times the file's
// size.
func TestHostile(t *testing.T) {
	for _, c := range hostile(t) {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readBytes(c.file)
			runtime.ReadMemStats(&after)
			var format *tensorfile.Error
			if !errors.As(err, &format) {
				t.Fatalf("got %v, want a tensorfile.Error", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to contain %q", err, c.want)
			}
			if format.Offset < 0 || format.Offset > int64(len(c.file)) {
				t.Errorf("got offset %d in a file of %d bytes", format.Offset, len(c.file))
			}
			if n, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+200*len(c.file)); n > limit {
				t.Errorf("allocated %d bytes for a file of %d", n, len(c.file))
			}
		})
	}
}

// sameCall makes n arrays of one value, each written in five bytes as the same call: named,
// each the biases of a layer, else in lists of a hundred outside any layer.
func sameCall(n, dims int, names bool) []byte {
	latin1 := "c_codecs\nencode\nX\x04\x00\x00\x00abcdX\x06\x00\x00\x00latin1\x86R"
	file := "\x80\x02}(" + py2String("call") + "cnumpy.core.numeric\n_frombuffer\nq\x00" +
		py2String("args") + "(" + latin1 + py2Dtype + "(" + strings.Repeat("K\x01", dims) + "t" + py2String("F") + "tq\x01" +
		py2String("0_W") + "h\x00h\x01R"
	if !names {
		return []byte(file + py2String("more") + "](" + strings.Repeat("]("+strings.Repeat("h\x00h\x01R", 100)+"e", n/100) + "eu.")
	}
	for i := range n {
		file += py2String(fmt.Sprintf("%d_b", i)) + "h\x00h\x01R"
	}
	return []byte(file + "u.")
}

// TestManySmallArrays holds accepted files to the memory limit of refused ones.
func TestManySmallArrays(t *testing.T) {
	for name, file := range map[string][]byte{
		"named": sameCall(1000, 1, true), "of many dimensions": sameCall(20000, 16, false),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBytes(file)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+200*len(file))
		if t.Logf("%s: %d bytes for a file of %d", name, n, len(file)); n > limit {
			t.Errorf("%s: allocated %d bytes for a file of %d", name, n, len(file))
		}
	}
}

// TestAllPicklesCountTowardTheLimit checks that the opcodes of all members of an archive are counted.
func TestAllPicklesCountTowardTheLimit(t *testing.T) {
	m := member{"a.npy", npyFile(objectHeader, "\x80\x02}("+strings.Repeat("NN", pickle.MaxOpcodes/16)+"u."), zip.Deflate}
	if _, err := readBytes(zipFile(t, slices.Repeat([]member{m}, 9)...)); err == nil || !strings.Contains(err.Error(), "at most 131072 opcodes") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// TestMemoryOfPickles checks that the unpacked sizes of deflated pickles add up.
func TestMemoryOfPickles(t *testing.T) {
	file := zipFile(t, member{"a.npy", npyFile(objectHeader, "\x80\x02N."), zip.Deflate})
	c := catalog{unpacked: maxUnpacked}
	if err := c.addArchive(bytes.NewReader(file), int64(len(file)), "test"); err == nil || !strings.Contains(err.Error(), "pickles of at most") {
		t.Errorf("got %v, want a refusal", err)
	}
	file = zipFile(t, member{"a.npy", npyFile(objectHeader, "\x80\x02}."), zip.Store})
	c = catalog{unpacked: maxUnpacked}
	if err := c.addArchive(bytes.NewReader(file), int64(len(file)), "test"); err != nil {
		t.Errorf("a stored pickle, which is read in place: %v", err)
	}
}

// TestEveryTruncation cuts good files at every length: each is refused, typed.
func TestEveryTruncation(t *testing.T) {
	var dict bytes.Buffer
	if err := writeDict(&dict, arrays(twoLayers())); err != nil {
		t.Fatal(err)
	}
	array := npyFile(plainHeader("<f4", "False", "(2, 3)"), floatBytes(ramp(0, 2, 3)))
	for name, file := range map[string][]byte{
		"npy": dict.Bytes(),
		"py2": []byte("\x80\x02" + py2Layers(twoLayers()) + "."),
		"npz": zipFile(t, member{"a_W.npy", array, zip.Deflate}, member{"a_b.npy", array, zip.Store}),
	} {
		for n := range file {
			var format *tensorfile.Error
			if _, err := readBytes(file[:n]); !errors.As(err, &format) {
				t.Errorf("%s cut to %d of %d bytes: got %v, want a tensorfile.Error", name, n, len(file), err)
			}
		}
	}
}
