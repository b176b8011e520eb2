package parity

import (
	"fmt"
	"strings"

	"github.com/sbinet/npyio/npz"
)

// Open reads every array of an .npz file that numpy.savez wrote. It rejects arrays other than little-endian float32 in C
// order, which the reference programs never write.
func Open(path string) (Reference, error) {
	archive, err := npz.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open reference %q: %w", path, err)
	}
	defer archive.Close()
	r := Reference{}
	for _, key := range archive.Keys() {
		name := strings.TrimSuffix(key, ".npy")
		if r[name], err = read(archive, key); err != nil {
			return nil, fmt.Errorf("read reference %q, array %q: %w", path, name, err)
		}
	}
	if len(r) == 0 {
		return nil, fmt.Errorf("read reference %q: got no arrays", path)
	}
	return r, nil
}

func read(archive *npz.Reader, key string) (Tensor, error) {
	header := archive.Header(key)
	if header == nil {
		return Tensor{}, fmt.Errorf("got no header of a NumPy array")
	}
	if header.Descr.Type != "<f4" || header.Descr.Fortran {
		return Tensor{}, fmt.Errorf("got type %q, Fortran order %t, want <f4 in C order", header.Descr.Type, header.Descr.Fortran)
	}
	t := Tensor{Shape: make([]int64, len(header.Descr.Shape))}
	for i, d := range header.Descr.Shape {
		t.Shape[i] = int64(d)
	}
	if err := archive.Read(key, &t.Data); err != nil {
		return Tensor{}, err
	}
	return t, nil
}
