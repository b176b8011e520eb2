// Package npy reads and writes the NumPy files in which AlexNet's weights are distributed.
//
// Start with [Open], which detects the format of a file or folder by its content and
// returns [Weights]; [Write] is its counterpart.
//
// It reads NumPy .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) holding a pickled
// dictionary of layers, the same dictionary as a bare pickle, .npz archives, and folders of plain arrays. A pickle is a
// program; here it is read as data: a fixed set of opcodes builds arrays and the containers around them, every other
// opcode or global is refused with its name and offset, and no file can cause a call. Every length that a file claims
// is compared with the bytes left before anything of that size is allocated. An [Array] is always float32 in C order,
// whatever byte order, width or layout it was stored in. No file stays open after Open.
package npy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"alexnet/internal/regular"
)

// Open reads the weights in a file or a folder, detecting the format by its content:
//
//   - a .npy file or a bare pickle of {layer: [weights, biases]}, written by Python 2 or
//     3 (pickle protocols 2 to 5), with lists, tuples, object arrays or dictionaries
//     such as {"weights": …, "biases": …} as layers, or flat names such as "conv1/weights";
//   - an .npz archive of arrays named conv1/weights, conv1_W or conv1.bias, or of that
//     dictionary;
//   - a folder of plain arrays, conv1/weights.npy or conv1_weights.npy.
//
// Memory use is that of the arrays, plus one of them while it is transposed to C order, plus deflated pickles, and is
// limited to 768 MiB. A file that is damaged, hostile or not a weights file gives an error that names the offset.
func Open(path string) (*Weights, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	var w *Weights
	if info.IsDir() {
		w, err = readFolder(path)
	} else {
		w, err = readFile(path)
	}
	var format *formatError
	if errors.As(locate(path, err), &format) {
		return nil, format.named()
	}
	if err != nil {
		return nil, fmt.Errorf("read weights %q: %w", path, err)
	}
	w.Path = path
	return w, nil
}

func readFile(path string) (*Weights, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, info.Size(), path)
}

// read detects the format by the first bytes.
func read(src io.ReaderAt, size int64, path string) (*Weights, error) {
	head, err := newCursor(src, 0, size).take(int(min(size, 6)), "the start of the file")
	if err != nil {
		return nil, err
	}
	var c catalog
	var dialect string
	switch start := string(head); {
	case start == magic:
		dialect, err = c.addNpy(src, size)
	case strings.HasPrefix(start, "PK"):
		dialect, err = c.addArchive(src, size, path)
	case strings.HasPrefix(start, "\x80"):
		dialect, err = c.addPickle(newCursor(src, 0, size), "")
	default:
		return nil, malformed(0, wanted, "%q", start)
	}
	if err != nil {
		return nil, err
	}
	return c.read(dialect)
}

// addNpy adds the dictionary that is the single object of a .npy file.
func (c *catalog) addNpy(src io.ReaderAt, size int64) (string, error) {
	cur := newCursor(src, 0, size)
	h, err := readHeader(cur)
	if err != nil {
		return "", err
	}
	if !h.dtype.isObject() {
		return "", malformed(0, "a pickled dictionary of layers", "one plain array of shape %v, %s", h.shape, h.dtype)
	}
	return c.addPickle(cur, "npy, ")
}

func (c *catalog) addPickle(cur *cursor, container string) (string, error) {
	at := cur.off
	m, root, err := readPickle(cur, &c.opcodes)
	if err != nil {
		return "", err
	}
	by := "Python 3"
	if m.python2 {
		by = "Python 2"
	}
	return fmt.Sprintf("%spickle protocol %d, %s", container, m.protocol, by), c.addRoot(root, at)
}

// readFolder reads plain arrays from path/layer/weights.npy and path/layer_weights.npy.
func readFolder(path string) (*Weights, error) {
	var c catalog
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
	if len(c.layers) == 0 && c.skipped == 0 {
		return nil, foreign(path, "a folder without arrays", seeDocs)
	}
	return c.read("folder of npy arrays")
}

// addFile adds an array in a file of its own. The file is opened again to read the data,
// so that a folder of many files holds no descriptors.
func (c *catalog) addFile(path, name string) error {
	f, info, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	cur := newCursor(f, 0, info.Size())
	h, err := readHeader(cur)
	if err != nil {
		return locate(path, err)
	}
	start, size := cur.off, cur.left()
	a, err := plainArray(h, start, size)
	if err != nil {
		return locate(path, err)
	}
	a.path = path
	a.open = func() (io.ReadCloser, error) {
		f, _, err := regular.Open(path)
		if err != nil {
			return nil, err
		}
		if _, err := f.Seek(start, io.SeekStart); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	return locate(path, c.add(name, a, 0))
}

// plainArray makes the array of a header that size bytes of data follow.
func plainArray(h header, start, size int64) (*ndarray, error) {
	if h.dtype.isObject() {
		return nil, malformed(0, "a plain array", "pickled objects")
	}
	a := &ndarray{at: start, dtype: h.dtype, size: size}
	a.layOut(h.shape, h.fortran)
	width := int64(h.dtype.width())
	var err error
	if a.count, err = countElements(h.shape, size/width, start); err != nil {
		return nil, err
	}
	if int64(a.count)*width != size {
		return nil, malformed(start, fmt.Sprintf("%d bytes of data for shape %v", int64(a.count)*width, h.shape), "%d", size)
	}
	return a, nil
}

// formatError reports a weights file that is damaged, hostile or not supported. Path names the file and, in an archive,
// the member; Offset is in bytes from the start of the file or member; Got and Want say what was found there and what
// would have been accepted.
type formatError struct {
	Path   string
	Offset int64 // or negative: the file as a whole
	Got    string
	Want   string
	hint   string
}

func (e *formatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("read weights %q: got %s, want %s", e.Path, e.Got, e.Want)
	}
	return fmt.Sprintf("read weights %q: at byte %d: got %s, want %s", e.Path, e.Offset, e.Got, e.Want)
}

// Hint says what to do, or is "".
func (e *formatError) Hint() string { return e.hint }

func malformed(offset int64, want, got string, args ...any) error {
	return &formatError{Offset: offset, Got: fmt.Sprintf(got, args...), Want: want}
}

// locate sets the path of a formatError that has none.
func locate(path string, err error) error {
	var format *formatError
	if errors.As(err, &format) && format.Path == "" {
		format.Path = path
	}
	return err
}
