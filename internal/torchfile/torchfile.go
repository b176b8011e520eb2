// Package torchfile reads the tensors of files that torch.save wrote: state dicts, by themselves or in a dictionary. Start
// with [Read].
//
// Since PyTorch 1.6 a file is a zip archive of a pickle, data.pkl, and one member for each storage; before, pickles were
// followed by the storages. The pickle refers to storages by persistent ids; tensors are views of them. It is read as
// data, see package pickle: whole pickled modules, which would need classes of the file's choosing, are refused.
package torchfile

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"alexnet/internal/pickle"
	"alexnet/internal/tensorfile"
)

const saveStateDict = `save its tensors alone: torch.save(model.state_dict(), "weights.pth")`

// Read reads the tensors of a file of size bytes, with the keys that lead to them joined by dots. Tensors of other than floats
// and all else are skipped. src stays in use until the data is read.
func Read(src io.ReaderAt, size int64) (*tensorfile.File, error) {
	start, err := tensorfile.NewCursor(src, 0, size).Take(int(min(size, 2)), "the start of the file")
	if err != nil {
		return nil, err
	}
	f := &tensorfile.File{OutFirst: true}
	if string(start) == "PK" {
		err = readArchive(f, src, size)
	} else {
		err = readLegacy(f, src, size)
	}
	return f, err
}

// wrappers are the keys under which training programs store the state dict of the model, beside that of the optimizer.
var wrappers = []string{"state_dict", "model_state_dict", "model"}

// addRoot adds the tensors of a state dict.
func addRoot(f *tensorfile.File, root any) error {
	d, ok := root.(*pickle.Dict)
	if !ok {
		return &tensorfile.Error{Got: pickle.Describe(root), Want: "a dictionary of tensors", Remedy: saveStateDict}
	}
	w := walker{f: f}
	for _, key := range wrappers {
		inner, ok := d.Get(key).(*pickle.Dict)
		if !ok {
			continue
		}
		for i, k := range d.Keys {
			if d.Values[i] != any(inner) {
				f.Skip(keyText(k))
			}
		}
		return w.add("", inner, 0)
	}
	return w.add("", d, 0)
}

// Limits of nested dictionaries: state dicts are flat, and many entries may share one dictionary.
const (
	maxDepth   = 8
	maxEntries = pickle.MaxOpcodes
)

type walker struct {
	f       *tensorfile.File
	entries int
}

func (w *walker) add(prefix string, d *pickle.Dict, depth int) error {
	if w.entries += len(d.Keys); w.entries > maxEntries {
		return tensorfile.Malformed(0, fmt.Sprintf("at most %d entries", maxEntries), "%d", w.entries)
	}
	for i, key := range d.Keys {
		name := keyText(key)
		if len(prefix)+len(name) <= pickle.MaxText {
			name = prefix + name
		}
		switch v := d.Values[i].(type) {
		case *tensor:
			if v.data != nil {
				w.f.Tensors = append(w.f.Tensors, &tensorfile.Tensor{Name: name, Data: v.data})
				continue
			}
		case *pickle.Dict:
			if depth < maxDepth {
				if err := w.add(name+".", v, depth+1); err != nil {
					return err
				}
				continue
			}
		}
		w.f.Skip(name)
	}
	return nil
}

// keyText is a key as text without control characters.
func keyText(key any) string {
	if t, ok := key.(pickle.Text); ok && t.Size <= pickle.MaxText {
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return '�'
			}
			return r
		}, strings.ToValidUTF8(t.S, "�"))
	}
	return pickle.Describe(key)
}

// storage is the memory of tensors, in a member of the archive or after the pickles.
type storage struct {
	kind  pickle.Global // such as "torch FloatStorage"
	key   string
	count int64 // elements
	size  int64 // bytes in the file; negative while not known
	at    int64
	open  func() (io.ReadCloser, error) // all of it
}

func (s *storage) String() string { return "a storage" }

// tensor is a view of a storage. data is nil if its elements are no floats.
type tensor struct {
	storage *storage
	data    *tensorfile.Data
	offset  int64
	strides []int
}

func (t *tensor) String() string { return "a tensor" }

// storages are the types of storages, with the types of floats that are read.
var storages = map[pickle.Global]tensorfile.FloatType{
	"torch FloatStorage": tensorfile.Float32, "torch DoubleStorage": tensorfile.Float64, "torch HalfStorage": tensorfile.Float16,
	"torch BFloat16Storage": tensorfile.BFloat16, "torch LongStorage": "", "torch IntStorage": "", "torch ShortStorage": "",
	"torch CharStorage": "", "torch ByteStorage": "", "torch BoolStorage": "",
}

// reader reads the pickle of a file.
type reader struct {
	big      bool
	storages map[string]*storage
	tensors  []*tensor
	opcodes  int
	// find returns where a storage is that is mentioned for the first time.
	find func(*storage) error
}

func (r *reader) names() pickle.Names {
	calls := map[pickle.Global]func(*pickle.Machine, []any) (any, error){
		"torch._utils _rebuild_tensor_v2": r.rebuildTensor,
		"torch._utils _rebuild_tensor":    r.rebuildTensor,
		"torch._utils _rebuild_parameter": rebuildParameter,
	}
	for kind := range storages {
		calls[kind] = nil
	}
	return pickle.Names{Kind: "PyTorch", Remedy: saveStateDict, Calls: calls, Build: build, Persistent: r.storage}
}

// build ignores the attributes of an OrderedDict, such as _metadata of a state dict.
func build(m *pickle.Machine, v, _ any) error {
	if _, ok := v.(*pickle.Dict); ok {
		return nil
	}
	return m.Malformed("a dictionary for the state", "%s", pickle.Describe(v))
}

// storage reads ("storage", type, key, location, count[, view]).
func (r *reader) storage(m *pickle.Machine, id any) (any, error) {
	const want = "the id of a storage"
	items, ok := pickle.Tuple(id, -1)
	if !ok || len(items) < 5 || len(items) > 6 || !pickle.IsText(items[0], "storage") {
		return nil, m.Malformed(want, "%s", pickle.Describe(id))
	}
	kind, _ := items[1].(pickle.Global)
	key, _ := items[2].(pickle.Text)
	count, ok := items[4].(int64)
	if _, known := storages[kind]; !known || !ok || count < 0 || key.S == "" {
		return nil, m.Malformed(want, "%s", pickle.DescribeAll(items))
	}
	if len(items) == 6 && items[5] != nil {
		return nil, m.Malformed("a storage of its own", "a view of a storage, as PyTorch before 0.4 writes")
	}
	s := r.storages[key.S]
	if s == nil {
		s = &storage{kind: kind, key: key.S, count: count, size: -1, at: m.At()}
		r.storages[key.S] = s
		if r.find != nil {
			return s, r.find(s)
		}
	}
	if s.kind != kind || s.count != count {
		return nil, m.Malformed("one type and size of a storage", "another for storage %.40q", key.S)
	}
	return s, nil
}

// rebuildTensor reads (storage, offset, shape, strides, …).
func (r *reader) rebuildTensor(m *pickle.Machine, args []any) (any, error) {
	const want = "_rebuild_tensor_v2(storage, offset, shape, strides, …)"
	if len(args) < 4 || len(args) > 7 {
		return nil, m.Malformed(want, "%s", pickle.DescribeAll(args))
	}
	s, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	shape, ok3 := pickle.Dimensions(args[2])
	strides, ok4 := pickle.Dimensions(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || offset < 0 || len(shape) != len(strides) {
		return nil, m.Malformed(want, "%s", pickle.DescribeAll(args))
	}
	t := &tensor{storage: s, offset: offset, strides: strides}
	code := storages[s.kind]
	if code == "" || slices.Contains(shape, 0) {
		return t, nil
	}
	if _, err := tensorfile.Count(shape, s.count, m.At()); err != nil {
		return nil, err
	}
	if err := t.checkBounds(m, shape); err != nil {
		return nil, err
	}
	t.data = &tensorfile.Data{Shape: shape, Type: tensorfile.Type{Code: code, Big: r.big}, At: m.At()}
	r.tensors = append(r.tensors, t)
	return t, nil
}

// checkBounds checks that the last element lies in the storage.
func (t *tensor) checkBounds(m *pickle.Machine, shape []int) error {
	last := t.offset
	for i, dim := range shape {
		if t.strides[i] < 0 || dim > 1 && int64(t.strides[i]) > (t.storage.count-1-last)/int64(dim-1) {
			last = t.storage.count
			break
		}
		last += int64(t.strides[i]) * int64(dim-1)
	}
	if last < 0 || last >= t.storage.count {
		return m.Malformed(fmt.Sprintf("a view of the storage's %d elements", t.storage.count), "shape %v, strides %v from element %d", shape, t.strides, t.offset)
	}
	return nil
}

// rebuildParameter reads (tensor, requires_grad, hooks).
func rebuildParameter(m *pickle.Machine, args []any) (any, error) {
	if len(args) == 3 {
		if t, ok := args[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, m.Malformed("_rebuild_parameter(tensor, requires_grad, hooks)", "%s", pickle.DescribeAll(args))
}

// finish gives all tensors their data, once the storages are found. The tensors may not claim more than the file's size:
// otherwise a small file could have any number of tensors over the same bytes.
func (r *reader) finish(size int64) error {
	for _, t := range r.tensors {
		width := int64(t.data.Type.Width())
		if t.storage.size < 0 || t.storage.count > t.storage.size/width || t.storage.count*width != t.storage.size {
			return tensorfile.Malformed(t.data.At, fmt.Sprintf("%d elements of %s in storage %.40q", t.storage.count, t.data.Type, t.storage.key), "%d bytes", max(t.storage.size, 0))
		}
		if size -= int64(tensorfile.Elements(t.data.Shape)) * width; size < 0 {
			return tensorfile.Malformed(t.data.At, "tensors that together fit the file", "tensors over the same bytes")
		}
		t.data.At = t.storage.at
		t.setOpen()
	}
	return nil
}

// read reads the pickle of the file's value.
func (r *reader) read(cur *tensorfile.Cursor) (*pickle.Pickle, error) {
	return pickle.Read(cur, r.names(), &r.opcodes)
}
