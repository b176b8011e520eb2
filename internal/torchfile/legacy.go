package torchfile

import (
	"io"
	"strings"

	"alexnet/internal/pickle"
	"alexnet/internal/tensorfile"
)

// legacyStart are two pickles: of the magic number 0x1950a86a20f9469cfc6c and of the protocol 1001.
const legacyStart = "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."

// readLegacy reads the format before PyTorch 1.6: the pickles of a magic number, of the protocol, of facts about the machine,
// of the value and of the list of storages' keys; then of each storage the number of elements and the elements.
func readLegacy(f *tensorfile.File, src io.ReaderAt, size int64) error {
	cur := tensorfile.NewCursor(src, 0, size)
	start, err := cur.Take(len(legacyStart), "the start of a PyTorch file")
	if err != nil {
		return err
	}
	if string(start) != legacyStart {
		return tensorfile.Malformed(0, "protocol 1001", "another after the magic number")
	}
	r := &reader{storages: map[string]*storage{}}
	system, err := r.read(cur)
	if err != nil {
		return err
	}
	if d, ok := system.Root.(*pickle.Dict); ok {
		r.big = d.Get("little_endian") == any(false)
	}
	p, err := r.read(cur)
	if err != nil {
		return err
	}
	if err := r.locate(cur); err != nil {
		return err
	}
	if err := r.finish(size); err != nil {
		return err
	}
	f.Format = "PyTorch before 1.6"
	return addRoot(f, p.Root)
}

// locate finds the storages in the order of their keys.
func (r *reader) locate(cur *tensorfile.Cursor) error {
	at := cur.Offset()
	keys, err := r.read(cur)
	if err != nil {
		return err
	}
	list, ok := keys.Root.(*pickle.Sequence)
	if !ok || list.IsTuple || len(list.Items) != len(r.storages) {
		return tensorfile.Malformed(at, "a list of all storages' keys", "%s", pickle.Describe(keys.Root))
	}
	for _, item := range list.Items {
		key, _ := item.(pickle.Text)
		s := r.storages[key.S]
		if s == nil || s.size >= 0 {
			return tensorfile.Malformed(at, "the key of each storage once", "%s", pickle.Describe(item))
		}
		at := cur.Offset()
		count, err := cur.Number(8, "a storage's number of elements")
		if err != nil {
			return err
		}
		if count != uint64(s.count) {
			return tensorfile.Malformed(at, "the number of elements in the pickle", "%d in storage %.40q of %d", count, s.key, s.count)
		}
		if uint64(cur.Left()) < count {
			return cur.Short(count, "a storage")
		}
		s.at, s.size = cur.Offset(), s.count*elementWidth(s.kind)
		if err := cur.Skip(uint64(s.size), "a storage"); err != nil {
			return err
		}
		s.open = cur.Since(s.at).Open
	}
	if cur.Left() > 0 {
		return tensorfile.Malformed(cur.Offset(), "the end of the file after the storages", "%d bytes more", cur.Left())
	}
	return nil
}

// elementWidth is the size of an element in bytes.
func elementWidth(kind pickle.Global) int64 {
	switch code := storages[kind]; {
	case code != "":
		return int64(tensorfile.Type{Code: code}.Width())
	case strings.HasSuffix(string(kind), "LongStorage"):
		return 8
	case strings.HasSuffix(string(kind), "IntStorage"):
		return 4
	case strings.HasSuffix(string(kind), "ShortStorage"):
		return 2
	}
	return 1
}
