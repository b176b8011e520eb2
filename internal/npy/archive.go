package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"alexnet/internal/pickle"
	"alexnet/internal/tensorfile"
)

// addArchive adds the members of an .npz archive, each a .npy file.
func (c *catalog) addArchive(src io.ReaderAt, size int64, path string) error {
	z, err := tensorfile.OpenArchive(src, size)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".npy") }) {
		return tensorfile.Malformed(0, "an .npz archive, whose members are .npy files", "%d members", len(z.File))
	}
	c.Format = "npz"
	for _, f := range z.File {
		name, isArray := strings.CutSuffix(f.Name, ".npy")
		if !isArray {
			c.Skip(strings.ToValidUTF8(f.Name, "�"))
			continue
		}
		if err := c.addMember(f, name, path+": "+f.Name); err != nil {
			return tensorfile.Locate(path+": "+f.Name, err)
		}
	}
	return nil
}

// addMember adds one array, or the layer or dictionary that is the member's single object.
func (c *catalog) addMember(f *zip.File, name, path string) error {
	if _, err := f.DataOffset(); err != nil {
		return tensorfile.Malformed(0, "a member where the directory says", "%s", err)
	}
	h, start, err := memberHeader(f)
	if err != nil {
		return err
	}
	if h.dtype.object {
		return c.addPickledMember(f, name, start)
	}
	d, err := plainArray(h, start, int64(f.UncompressedSize64)-start)
	if err != nil {
		return err
	}
	d.Path = path
	d.Open = func() (io.ReadCloser, error) {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, r, start); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		return r, nil
	}
	return c.add(name, &ndarray{Data: d}, 0, 0)
}

// memberHeader reads the header and returns the offset of the data.
func memberHeader(f *zip.File) (header, int64, error) {
	r, err := f.Open()
	if err != nil {
		return header{}, 0, tensorfile.Damaged(err)
	}
	defer r.Close()
	front := make([]byte, min(f.UncompressedSize64, maxHeader+12))
	if _, err := io.ReadFull(r, front); err != nil {
		return header{}, 0, tensorfile.Damaged(err)
	}
	cur := tensorfile.NewCursor(bytes.NewReader(front), 0, int64(len(front)))
	h, err := readHeader(cur)
	return h, cur.Offset(), err
}

// addPickledMember reads the pickle in a member: in place if it is stored, else unpacked into
// memory. Reading all of it verifies its checksum.
func (c *catalog) addPickledMember(f *zip.File, name string, start int64) error {
	size := int64(f.UncompressedSize64)
	r, err := f.Open()
	if err != nil {
		return tensorfile.Damaged(err)
	}
	defer r.Close()
	raw, err := f.OpenRaw()
	if err != nil {
		return tensorfile.Damaged(err)
	}
	data, inPlace := raw.(io.ReaderAt)
	if inPlace = inPlace && f.Method == zip.Store; inPlace {
		_, err = io.CopyN(io.Discard, r, size)
	} else {
		if c.unpacked += size; c.unpacked > maxUnpacked {
			return tensorfile.Malformed(start, fmt.Sprintf("pickles of at most %d bytes", maxUnpacked), "%d", c.unpacked)
		}
		unpacked := make([]byte, size)
		_, err = io.ReadFull(r, unpacked)
		data = bytes.NewReader(unpacked)
	}
	if err != nil {
		return tensorfile.Damaged(err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF { // EOF: the checksum is right
		return tensorfile.Malformed(start, "a member of its claimed size", "more data or %v", err)
	}
	p, err := readPickle(tensorfile.NewCursor(data, start, size), &c.opcodes)
	if err != nil {
		return err
	}
	c.Format = fmt.Sprintf("npz, pickle protocol %d", p.Protocol)
	root := unwrap(p.Root)
	if d, ok := root.(*pickle.Dict); ok && !slices.ContainsFunc(d.Values, isNumeric) {
		return c.addEntries("", d, start, 0) // a dictionary of layers, not one layer
	}
	return c.add(name, root, start, 0)
}
