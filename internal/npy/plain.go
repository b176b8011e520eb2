package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"unsafe"

	plain "github.com/sbinet/npyio/npy"

	"alexnet/internal/atomicfile"
)

// Write writes layers as float32 in C order to path, whose extension selects the format:
// ".npy" for a pickled {name: [weights, biases]} like bvlc_alexnet.npy, which in Python
// np.load(path, allow_pickle=True, encoding="bytes").item() reads; ".npz" for an archive
// of arrays name/weights and name/biases. A missing array is None in the first and absent
// from the second. The file appears under its name complete or not at all.
func Write(path string, layers ...Layer) error {
	if err := check(layers); err != nil {
		return err
	}
	switch filepath.Ext(path) {
	case ".npy":
		return atomicfile.Stream(path, func(w io.Writer) error { return writeDict(w, layers) })
	case ".npz":
		return atomicfile.Stream(path, func(w io.Writer) error { return writeArchive(w, layers) })
	}
	return fmt.Errorf("write weights %q: want the extension .npy or .npz", path)
}

// writeArchive stores its members uncompressed, as np.savez does: trained weights hardly
// compress, and deflating them takes minutes.
func writeArchive(w io.Writer, layers []Layer) error {
	z := zip.NewWriter(w)
	for _, l := range layers {
		for i, a := range []*Array{l.Weights, l.Biases} {
			if a == nil {
				continue
			}
			name := l.Name + []string{"/weights.npy", "/biases.npy"}[i]
			out, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err != nil {
				return err
			}
			if err := plain.Write(out, nested(a)); err != nil {
				return err
			}
		}
	}
	return z.Close()
}

// nested views an array's data as a pointer to a Go array of arrays, because npyio derives
// the shape from the type. No data is copied.
func nested(a *Array) any {
	t := reflect.TypeFor[float32]()
	for i := len(a.Shape) - 1; i >= 0; i-- {
		t = reflect.ArrayOf(a.Shape[i], t)
	}
	return reflect.NewAt(t, unsafe.Pointer(unsafe.SliceData(a.Data))).Interface()
}
