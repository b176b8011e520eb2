package torchfile

import (
	"archive/zip"
	"fmt"
	"io"
	"path"
	"strings"

	"alexnet/internal/tensorfile"
)

// maxPickle bounds data.pkl, which is held in memory if it is deflated; AlexNet's has 1 kB.
const maxPickle = 8 << 20

// readArchive reads the format since PyTorch 1.6: NAME/data.pkl, NAME/byteorder and the storages NAME/data/KEY.
func readArchive(f *tensorfile.File, src io.ReaderAt, size int64) error {
	z, err := tensorfile.OpenArchive(src, size)
	if err != nil {
		return err
	}
	members, root := map[string]*zip.File{}, ""
	for _, m := range z.File {
		if members[m.Name] != nil {
			return tensorfile.Malformed(0, "each member once", "a second %.80q", m.Name)
		}
		members[m.Name] = m
		if dir, ok := strings.CutSuffix(m.Name, "/data.pkl"); ok && root == "" {
			root = dir
		}
	}
	if members[root+"/data.pkl"] == nil {
		return tensorfile.Malformed(0, "an archive with data.pkl", "%d members", len(z.File))
	}
	if members[root+"/constants.pkl"] != nil {
		return &tensorfile.Error{Got: "a TorchScript model", Want: "a state dict", Remedy: saveStateDict}
	}
	r := &reader{storages: map[string]*storage{}}
	if order := members[root+"/byteorder"]; order != nil {
		text, err := readMember(order, 16)
		if err != nil {
			return err
		}
		r.big = string(text) == "big"
	}
	r.find = func(s *storage) error {
		m := members[path.Join(root, "data", s.key)]
		if m == nil {
			return tensorfile.Malformed(s.at, "a storage in the archive", "none of the name %.40q", s.key)
		}
		at, err := m.DataOffset()
		if err != nil {
			return tensorfile.Malformed(0, "a member where the directory says", "%s", err)
		}
		if m.Method != zip.Store {
			return tensorfile.Malformed(at, "storages that are not compressed, as torch.save writes them", "a deflated %.80q", m.Name)
		}
		s.at, s.size, s.open = at, int64(m.UncompressedSize64), m.Open
		return nil
	}
	text, err := readMember(members[root+"/data.pkl"], maxPickle)
	if err != nil {
		return err
	}
	cur := tensorfile.NewCursor(strings.NewReader(string(text)), 0, int64(len(text)))
	p, err := r.read(cur)
	if err != nil {
		return err
	}
	if err := r.finish(size); err != nil {
		return err
	}
	f.Format = fmt.Sprintf("PyTorch, pickle protocol %d", p.Protocol)
	return addRoot(f, p.Root)
}

// readMember reads a small member and verifies its checksum.
func readMember(m *zip.File, limit uint64) ([]byte, error) {
	if m.UncompressedSize64 > limit {
		return nil, tensorfile.Malformed(0, fmt.Sprintf("at most %d bytes of %.80q", limit, m.Name), "%d", m.UncompressedSize64)
	}
	r, err := m.Open()
	if err != nil {
		return nil, tensorfile.Damaged(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, tensorfile.Damaged(err)
	}
	return text, nil
}
