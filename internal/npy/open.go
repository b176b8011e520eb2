// Package npy reads and writes the NumPy files in which AlexNet's weights are distributed. Start with [Read], which detects
// which of them a file is; [Write] is its counterpart.
//
// It reads NumPy .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) holding a pickled
// dictionary of layers, the same dictionary as a bare pickle, .npz archives, and folders of plain arrays. Pickles are read
// as data, see package pickle: no file can cause a call.
package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"alexnet/internal/regular"
	"alexnet/internal/tensorfile"
)

// Detect reports whether a file that begins with prefix may be one that Read reads.
func Detect(prefix []byte) bool {
	return bytes.HasPrefix(prefix, []byte(magic)) || bytes.HasPrefix(prefix, []byte("PK")) ||
		len(prefix) > 1 && prefix[0] == 0x80 && prefix[1] >= 2 && prefix[1] <= 5
}

// Read reads the arrays of a file of size bytes, whose path is for errors:
//
//   - a .npy file or a bare pickle of {layer: [weights, biases]}, written by Python 2 or
//     3 (pickle protocols 2 to 5), with lists, tuples, object arrays or dictionaries
//     such as {"weights": …, "biases": …} as layers, flat names such as "conv1/weights", or
//     nested dictionaries of them;
//   - an .npz archive of arrays, or of that dictionary.
//
// The arrays of a list are called layer/weights and layer/biases, those of a dictionary layer/key. src stays in use until
// the data is read. Deflated pickles are unpacked into memory, at most 768 MiB.
func Read(src io.ReaderAt, size int64, path string) (*tensorfile.File, error) {
	head, err := tensorfile.NewCursor(src, 0, size).Take(int(min(size, 6)), "the start of the file")
	if err != nil {
		return nil, err
	}
	var c catalog
	switch start := string(head); {
	case start == magic:
		err = c.addNpy(src, size)
	case strings.HasPrefix(start, "PK"):
		err = c.addArchive(src, size, path)
	case strings.HasPrefix(start, "\x80"):
		err = c.addPickle(tensorfile.NewCursor(src, 0, size), "")
	default:
		err = tensorfile.Malformed(0, "a .npy file or an .npz archive", "%q", start)
	}
	return &c.File, err
}

// addNpy adds the dictionary that is the single object of a .npy file.
func (c *catalog) addNpy(src io.ReaderAt, size int64) error {
	cur := tensorfile.NewCursor(src, 0, size)
	h, err := readHeader(cur)
	if err != nil {
		return err
	}
	if !h.dtype.object {
		return tensorfile.Malformed(0, "a pickled dictionary of layers", "one plain array of shape %v, %s", h.shape, h.dtype)
	}
	return c.addPickle(cur, "npy, ")
}

func (c *catalog) addPickle(cur *tensorfile.Cursor, container string) error {
	at := cur.Offset()
	p, err := readPickle(cur, &c.opcodes)
	if err != nil {
		return err
	}
	by := "Python 3"
	if p.Python2 {
		by = "Python 2"
	}
	c.Format = fmt.Sprintf("%spickle protocol %d, %s", container, p.Protocol, by)
	return c.addRoot(p.Root, at)
}

// ReadFolder reads plain arrays from path/layer/weights.npy and path/layer_weights.npy.
func ReadFolder(path string) (*tensorfile.File, error) {
	c := catalog{File: tensorfile.File{Format: "folder of npy arrays"}}
	dir := os.DirFS(path)
	for _, pattern := range []string{"*.npy", "*/*.npy"} {
		names, err := fs.Glob(dir, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := c.addFile(path+string(os.PathSeparator)+name, strings.TrimSuffix(name, ".npy")); err != nil {
				return nil, err
			}
		}
	}
	return &c.File, nil
}

// addFile adds an array in a file of its own. The file is opened again to read the data,
// so that a folder of many files holds no descriptors.
func (c *catalog) addFile(path, name string) error {
	f, info, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	cur := tensorfile.NewCursor(f, 0, info.Size())
	h, err := readHeader(cur)
	if err != nil {
		return tensorfile.Locate(path, err)
	}
	start, size := cur.Offset(), cur.Left()
	d, err := plainArray(h, start, size)
	if err != nil {
		return tensorfile.Locate(path, err)
	}
	d.Path = path
	d.Open = func() (io.ReadCloser, error) {
		f, _, err := regular.Open(path)
		if err != nil {
			return nil, err
		}
		if _, err := f.Seek(start, io.SeekStart); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	return tensorfile.Locate(path, c.add(name, &ndarray{Data: d}, 0, 0))
}
