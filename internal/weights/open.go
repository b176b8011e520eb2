package weights

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"alexnet/internal/bundle"
	"alexnet/internal/filekind"
	"alexnet/internal/npy"
	"alexnet/internal/regular"
	"alexnet/internal/safetensors"
	"alexnet/internal/tensorfile"
	"alexnet/internal/torchfile"
)

const (
	wanted  = "a NumPy, PyTorch, safetensors or Caffe file, a TensorFlow checkpoint, or a folder of .npy files"
	seeDocs = "see Pretrained weights in docs/usage.md"
)

// Open reads the weights at path, whose format is detected by content: NumPy's of package npy; PyTorch's of package
// torchfile; safetensors; Caffe's of package caffemodel; a TensorFlow checkpoint, by its prefix or any of its files; or the variables of a SavedModel.
//
// Memory use is that of the layers' arrays, 8 MiB and deflated pickles, and is limited to 768 MiB. A file that is damaged,
// hostile or of another kind gives an error that says so.
func Open(path string) (*File, error) {
	f, err := open(path)
	if e := new(tensorfile.Error); errors.As(tensorfile.Locate(path, err), &e) {
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("read weights %q: %w", path, regular.Reason(err))
	}
	return f, nil
}

func open(path string) (*File, error) {
	for _, prefix := range []string{path, filepath.Join(path, "variables", "variables")} {
		if prefix, ok := bundle.FindPrefix(prefix); ok && !isFolder(prefix) {
			return openCheckpoint(prefix)
		}
	}
	if isFolder(path) {
		found, err := npy.ReadFolder(path)
		if err != nil {
			return nil, err
		}
		if len(found.Tensors)+len(found.Skipped()) == 0 {
			return nil, foreign("a folder without arrays", seeDocs)
		}
		return load(path, found)
	}
	src, info, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	found, err := read(src, info.Size(), path)
	if err != nil {
		return nil, err
	}
	return load(path, found)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// read detects the format by the first bytes.
func read(src io.ReaderAt, size int64, path string) (*tensorfile.File, error) {
	if size == 0 {
		return nil, foreign("an empty file", "download or write it again")
	}
	prefix := make([]byte, min(size, filekind.PrefixBytes))
	if _, err := src.ReadAt(prefix, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch kind := filekind.Detect(prefix); {
	case kind == filekind.PyTorch:
		return torchfile.Read(src, size)
	case kind == filekind.Safetensors:
		return safetensors.Read(src, size)
	case kind == filekind.Caffe:
		return readCaffe(src, size)
	case kind.Model:
		return nil, foreign(kind.Name, "convert it to .npz or .safetensors, "+seeDocs)
	case npy.Detect(prefix):
		return npy.Read(src, size, path)
	case kind.Image:
		return nil, foreign(fmt.Sprintf("an image (%s)", kind.Name), "specify a weights file")
	case kind.Name != "":
		return nil, foreign(kind.Name, kind.Remedy)
	}
	return nil, foreign(fmt.Sprintf("a file that begins with %.8q", prefix), seeDocs)
}

func foreign(got, remedy string) error {
	return &tensorfile.Error{Offset: -1, Got: got, Want: wanted, Remedy: remedy}
}

// openCheckpoint reads a checkpoint. Optimizer state is Other: it has longer names.
func openCheckpoint(prefix string) (*File, error) {
	r, err := bundle.Open(prefix)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	found := &tensorfile.File{Format: "TensorFlow checkpoint"}
	for _, v := range r.Variables() {
		if bundle.TypeName(v.DType) != string(tensorfile.Float32) || v.Slices > 0 {
			found.Skip(v.Name)
			continue
		}
		d := &tensorfile.Data{Type: tensorfile.Type{Code: tensorfile.Float32}, Values: func() ([]float32, error) { return r.Float32s(v.Name) }}
		for _, dim := range v.Shape {
			d.Shape = append(d.Shape, int(dim))
		}
		found.Tensors = append(found.Tensors, &tensorfile.Tensor{Name: v.Name, Data: d})
	}
	return load(prefix, found)
}
