package npy

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/internal/testenv"
)

// dialectsScript writes the two layers of twoLayers in every form that Python makes.
// The names give the expected dtype (f8, f2) and byte order (big).
const dialectsScript = `
import collections, os, pickle, sys
import numpy as np
os.chdir(sys.argv[1])

def ramp(start, *shape):
    return (start + np.arange(np.prod(shape)) / 8).reshape(shape).astype("<f4")

def layers(make=list, dtype="<f4", order="C", key=str):
    out = {}
    for name, w, b in ("conv1", ramp(-1, 2, 3, 4), ramp(0, 4)), ("fc8", ramp(5, 4, 3), ramp(7, 3)):
        w = np.array(w.astype(dtype), order=order)
        out[key(name)] = make([w, b.astype(dtype)])
    return out

def save(name, value, protocol):
    box = np.empty((), dtype=object)
    box[()] = value
    with open(name + ".npy", "wb") as f:
        np.lib.format.write_array_header_1_0(f, np.lib.format.header_data_from_array_1_0(box))
        pickle.dump(box, f, protocol=protocol)

def boxed(pair):
    out = np.empty(2, dtype=object)
    out[:] = pair
    return out

def transposed(pair):
    w, b = pair
    axes = tuple(range(1, w.ndim)) + (0,)
    stored = np.ascontiguousarray(w.transpose(axes))
    return [stored.transpose(np.argsort(axes)), b]

np.save("saved.npy", layers())
np.save("list_of_one.npy", np.array([layers()]), allow_pickle=True)
for p in 2, 3, 4, 5:
    save(f"list_{p}", layers(), p)
    save(f"tuple_{p}", layers(tuple), p)
    save(f"fortran_{p}", layers(order="F"), p)
    save(f"dict_{p}", layers(lambda v: dict(zip(("weights", "biases"), v))), p)
    save(f"bytedict_{p}", layers(lambda v: dict(zip((b"weights", b"biases"), v)), key=str.encode), p)
    save(f"Wb_{p}", layers(lambda v: dict(zip("Wb", v))), p)
    save(f"boxed_{p}", layers(boxed), p)
    save(f"transposed_{p}", layers(transposed), p)
    save(f"ordered_{p}", collections.OrderedDict(layers()), p)
    for dtype in "<f8", ">f8", "<f2", ">f2", ">f4":
        save(f"list_{p}_{dtype[1:]}_{'big' if dtype[0] == '>' else 'little'}", layers(dtype=dtype), p)
    flat = {f"{k}/{part}": a for k, v in layers().items() for part, a in zip(("weights", "biases"), v)}
    save(f"flat_{p}", flat, p)
    with open(f"bare_{p}.pkl", "wb") as f:
        pickle.dump(layers(), f, protocol=p)

for form in "{}/{}", "{}_{}", "{}.{}":
    for names in ("weights", "biases"), ("weight", "bias"), ("W", "b"):
        flat = {form.format(k, part): a for k, v in layers().items() for part, a in zip(names, v)}
        stem = f"npz_{ord(form[2])}_{names[0]}"
        np.savez(stem, **flat)
        np.savez_compressed(stem + "_deflated", **flat)
np.savez("npz_tensorflow", **{f"{k}/{part}:0": a for k, v in layers().items() for part, a in zip(("weights", "biases"), v)})
np.savez("npz_fortran_f8", **{f"{k}_{part}": a for k, v in layers(order="F", dtype="<f8").items() for part, a in zip("Wb", v)})
np.savez("npz_data", data=np.array(layers(), dtype=object))
np.savez_compressed("npz_data_deflated", data=np.array(layers(), dtype=object))
np.savez("npz_pairs", **layers(boxed))
np.savez("npz_dicts", **layers(lambda v: np.array(dict(zip(("weights", "biases"), v)), dtype=object)))

for k, v in layers(order="F").items():
    os.makedirs(f"folder_deep/{k}")
    os.makedirs("folder_flat", exist_ok=True)
    for part, a in zip(("weights", "biases"), v):
        np.save(f"folder_deep/{k}/{part}.npy", a)
        np.save(f"folder_flat/{k}_{part}.npy", a)
`

func runPython(t *testing.T, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command(testenv.Python(t), append([]string{"-W", "ignore", "-c", script}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestOpenReadsWhatPythonWrites(t *testing.T) {
	dir := t.TempDir()
	runPython(t, dialectsScript, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 90 {
		t.Fatalf("got %d files, want the whole list", len(entries))
	}
	for _, entry := range entries {
		name := entry.Name()
		t.Run(name, func(t *testing.T) {
			w, err := open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := sameLayers(w.Layers, twoLayers()); err != nil {
				t.Error(err)
			}
			if len(w.Other) != 0 {
				t.Errorf("got other %q", w.Other)
			}
			if want := dtypeOf(name); w.Layers[0].Weights.Dtype != want {
				t.Errorf("got dtype %q, want %q", w.Layers[0].Weights.Dtype, want)
			}
		})
	}
}

func dtypeOf(name string) string {
	dtype := "float32"
	for _, c := range []string{"f2", "f8"} {
		if strings.Contains(name, "_"+c) {
			dtype = map[string]string{"f2": "float16", "f8": "float64"}[c]
		}
	}
	if strings.Contains(name, "_big") {
		dtype += ", big-endian"
	}
	return dtype
}

func TestPython2(t *testing.T) {
	layers := twoLayers()
	// The object array around the dictionary, with memo entries as Python writes them.
	box := "cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02U\x01bq\x03\x87q\x04Rq\x05" +
		"(K\x01)cnumpy\ndtype\nq\x06U\x02O8q\x07K\x00K\x01\x87q\x08Rq\x09(K\x03U\x01|q\x0aNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0bb\x89]q\x0c"
	file := npyFile(objectHeader, "\x80\x02"+box+py2Layers(layers)+"atb.")
	w, err := readBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := sameLayers(w.Layers, layers); err != nil {
		t.Error(err)
	}
	if want := "npy, pickle protocol 2, Python 2"; w.Format != want {
		t.Errorf("got dialect %q, want %q", w.Format, want)
	}
	w, err = readBytes([]byte("\x80\x02" + py2Layers(layers) + "."))
	if err != nil {
		t.Fatal(err)
	}
	if err := sameLayers(w.Layers, layers); err != nil {
		t.Error(err)
	}
}

// TestPythonReadsWhatWriteWrites reads the files with NumPy, in both common encodings, and
// an archive.
func TestPythonReadsWhatWriteWrites(t *testing.T) {
	dir := t.TempDir()
	dict, archive := filepath.Join(dir, "w.npy"), filepath.Join(dir, "w.npz")
	layers := append(twoLayers(), Layer{"conv5", ramp(9, 1, 70000), nil}, Layer{"norm", nil, ramp(3, 2)})
	for _, path := range []string{dict, archive} {
		if err := Write(path, arrays(layers)...); err != nil {
			t.Fatal(err)
		}
	}
	got := runPython(t, `
import sys, numpy as np
def ramp(start, *shape): return (start + np.arange(np.prod(shape, dtype=int)) / 8).reshape(shape).astype("<f4")
def same(a, b): assert a.dtype == b.dtype and a.shape == b.shape and (a == b).all(), (a, b)
want = {"conv1": [ramp(-1, 2, 3, 4), ramp(0, 4)], "fc8": [ramp(5, 4, 3), ramp(7, 3)], "conv5": [ramp(9, 1, 70000), None], "norm": [None, ramp(3, 2)]}
for encoding in "bytes", "latin1":
    d = np.load(sys.argv[1], allow_pickle=True, encoding=encoding).item()
    assert list(d) == list(want), list(d)
    for k in d:
        assert len(d[k]) == 2
        for a, b in zip(d[k], want[k]):
            assert a is None if b is None else same(a, b) is None
z = np.load(sys.argv[2])
assert sorted(z) == ["conv1/biases", "conv1/weights", "conv5/weights", "fc8/biases", "fc8/weights", "norm/biases"], sorted(z)
same(z["conv1/weights"], want["conv1"][0]); same(z["conv5/weights"], want["conv5"][0])
print("ok")`, dict, archive)
	if got != "ok" {
		t.Errorf("python: %s", got)
	}
}

// TestHalf compares every float16 with NumPy's conversion.
func TestHalf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "half.npz")
	runPython(t, `
import sys, numpy as np
h = np.arange(65536, dtype="<u2").view("<f2")
np.savez(sys.argv[1], a_W=h, b_W=h.astype("<f4"))`, path)
	w, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := w.Lookup("a")
	want, _, _ := w.Lookup("b")
	if err := sameArray(got, want); err != nil {
		t.Error(err)
	}
}

func TestNpzByHand(t *testing.T) {
	a := ramp(0, 2, 3)
	array := npyFile(plainHeader("<f4", "False", "(2, 3)"), floatBytes(a))
	w, err := readBytes(zipFile(t,
		member{"conv1/weights.npy", array, zip.Deflate},
		member{"README.txt", []byte("handmade"), zip.Store},
		member{"step.npy", array, zip.Store},
		member{"conv2/biases.npy", array, zip.Store}))
	if err != nil {
		t.Fatal(err)
	}
	if err := sameLayers(w.Layers, []Layer{{"conv1", a, nil}, {"conv2", nil, a}}); err != nil {
		t.Error(err)
	}
	if got := strings.Join(w.Other, " "); got != "README.txt step" {
		t.Errorf("got other entries %q", got)
	}
}
