package npy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of an archive. AlexNet's arrays are 244 MB in float32, twice that in float64.
const (
	maxMembers  = 1024
	maxInflated = 1 << 30
	// maxRatio is deflate's maximum; a member that claims more is forged.
	maxRatio = 1032
)

const noArrays = "an .npz archive, whose members are .npy files"

// addArchive adds the members of an .npz archive, each a .npy file.
func (c *catalog) addArchive(src io.ReaderAt, size int64, path string) (string, error) {
	z, err := zip.NewReader(src, size)
	if err != nil {
		return "", malformed(0, "an .npz archive", "%s", err)
	}
	if err := checkArchive(z, size); err != nil {
		return "", err
	}
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".npy") }) {
		return "", malformed(0, noArrays, "%d members", len(z.File))
	}
	dialect := "npz"
	for _, f := range z.File {
		name, isArray := strings.CutSuffix(f.Name, ".npy")
		if !isArray {
			c.skip(strings.ToValidUTF8(f.Name, "�"), "")
			continue
		}
		within, err := c.addMember(f, name, path+": "+f.Name)
		if err != nil {
			return "", locate(path+": "+f.Name, err)
		}
		if within != "" {
			dialect = "npz, " + within
		}
	}
	return dialect, nil
}

// checkArchive refuses zip bombs by the sizes that the directory claims. Reading a member
// stops at its claimed size, so these bound memory.
func checkArchive(z *zip.Reader, size int64) error {
	if len(z.File) > maxMembers {
		return malformed(0, fmt.Sprintf("at most %d members", maxMembers), "%d", len(z.File))
	}
	var packed, inflated uint64
	for _, f := range z.File {
		switch {
		case f.Flags&1 != 0:
			return malformed(0, "an archive that is not encrypted", "encrypted member %.80q", f.Name)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return malformed(0, "stored or deflated members", "member %.80q with method %d", f.Name, f.Method)
		case f.CompressedSize64 > uint64(size), f.UncompressedSize64 > maxInflated,
			f.UncompressedSize64/maxRatio > f.CompressedSize64,
			f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
			return malformed(0, "plausible sizes", "member %.80q of %d bytes packed into %d",
				f.Name, f.UncompressedSize64, f.CompressedSize64)
		}
		packed += f.CompressedSize64
		inflated += f.UncompressedSize64
	}
	if packed > uint64(size) || inflated > maxInflated {
		return malformed(0, fmt.Sprintf("members that fit the file, and %d bytes unpacked", maxInflated),
			"%d bytes packed, %d unpacked", packed, inflated)
	}
	return nil
}

// addMember adds one array, or the dictionary that is the member's single object, and then returns its dialect.
func (c *catalog) addMember(f *zip.File, name, path string) (string, error) {
	if _, err := f.DataOffset(); err != nil {
		return "", malformed(0, "a member where the directory says", "%s", err)
	}
	h, start, err := memberHeader(f)
	if err != nil {
		return "", err
	}
	if h.dtype.isObject() {
		return c.addPickledMember(f, name, start)
	}
	a, err := plainArray(h, start, int64(f.UncompressedSize64)-start)
	if err != nil {
		return "", err
	}
	a.path = path
	a.open = func() (io.ReadCloser, error) {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, r, start); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		return r, nil
	}
	return "", c.add(name, a, 0)
}

// memberHeader reads the header and returns the offset of the data.
func memberHeader(f *zip.File) (header, int64, error) {
	r, err := f.Open()
	if err != nil {
		return header{}, 0, damaged(err)
	}
	defer r.Close()
	front := make([]byte, min(f.UncompressedSize64, maxHeader+12))
	if _, err := io.ReadFull(r, front); err != nil {
		return header{}, 0, damaged(err)
	}
	cur := newCursor(bytes.NewReader(front), 0, int64(len(front)))
	h, err := readHeader(cur)
	return h, cur.off, err
}

// addPickledMember reads the pickle in a member: in place if it is stored, else unpacked into
// memory. Reading all of it verifies its checksum.
func (c *catalog) addPickledMember(f *zip.File, name string, start int64) (string, error) {
	size := int64(f.UncompressedSize64)
	r, err := f.Open()
	if err != nil {
		return "", damaged(err)
	}
	defer r.Close()
	raw, err := f.OpenRaw()
	if err != nil {
		return "", damaged(err)
	}
	data, inPlace := raw.(io.ReaderAt)
	if inPlace = inPlace && f.Method == zip.Store; inPlace {
		_, err = io.CopyN(io.Discard, r, size)
	} else {
		if c.unpacked += size; c.unpacked > maxMemory {
			return "", malformed(start, fmt.Sprintf("pickles of at most %d bytes", maxMemory), "%d", c.unpacked)
		}
		unpacked := make([]byte, size)
		_, err = io.ReadFull(r, unpacked)
		data = bytes.NewReader(unpacked)
	}
	if err != nil {
		return "", damaged(err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF { // EOF: the checksum is right
		return "", malformed(start, "a member of its claimed size", "more data or %v", err)
	}
	cur := newCursor(data, start, size)
	m, root, err := readPickle(cur, &c.opcodes)
	if err != nil {
		return "", err
	}
	dialect := fmt.Sprintf("pickle protocol %d", m.protocol)
	if root = unwrap(root); isLayer(root) {
		return dialect, c.add(name, root, start)
	}
	return dialect, c.addRoot(root, start)
}

// isLayer distinguishes a layer, as np.savez(conv1=[weights, biases]) makes of each
// argument, from a dictionary of layers.
func isLayer(v any) bool {
	switch v := v.(type) {
	case *sequence:
		return slices.ContainsFunc(v.items, isNumeric)
	case *ndarray:
		return slices.ContainsFunc(v.objects, isNumeric)
	case *dict:
		for i, key := range v.keys {
			k, _ := key.(text)
			if _, known := partNames[k.s]; known && isNumeric(v.values[i]) {
				return true
			}
		}
	}
	return false
}

// damaged turns an error caused by an archive's content into a formatError.
func damaged(err error) error {
	if isDamage(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return malformed(0, "undamaged data", "%s", err)
	}
	return err
}

func isDamage(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) ||
		errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, errLatin1) || errors.As(err, &corrupt)
}
