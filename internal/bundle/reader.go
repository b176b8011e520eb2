// Package bundle reads TensorFlow V2 checkpoint bundles: the variables that a training run saved, without TensorFlow.
//
// Start with [Open] and [Reader].
//
// A bundle is PREFIX.index, a sorted table from names to file offsets, and one or more PREFIX.data-SSSSS-of-NNNNN,
// which hold the values one after another. Open reads the whole index and trusts none of it: every block is checked
// against its checksum, blocks have to cover the file without a gap, keys have to ascend, and every offset has to lie
// within an existing data file. Memory use is bounded by the size of the index, never by the sizes it claims. Values
// are float32, row-major, in the order in which TensorFlow has them; other types are listed and can be verified, not
// read. They are copies, verified as they are made; a memory mapping would crash the process if the file were
// truncated.
//
// The formats are those of TensorFlow's tensor_bundle (BundleHeaderProto and BundleEntryProto in tensor_bundle.proto)
// and of LevelDB's tables (doc/table_format.md), which TensorFlow writes uncompressed.
package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"

	"alexnet/internal/regular"
)

// maxIndex bounds the size of an index, which is held in memory. AlexNet's takes a
// kilobyte or two, one of 100,000 variables some 10 MB.
const maxIndex = 64 << 20

// Variable describes one variable.
type Variable struct {
	Name   string
	DType  types_go_proto.DataType
	Shape  []int64 // row-major; empty for a scalar
	Bytes  int64   // of its values; of a string variable, as stored
	Slices int     // the number of slices it was saved in; 0 unless it was partitioned
}

// Reader reads the variables of one bundle. It is safe for concurrent use, except Close.
type Reader struct {
	index  *index
	shards map[int32]*shard
}

// dataFile matches the ending of a bundle's data files.
var dataFile = regexp.MustCompile(`\.data-\d{5}-of-\d{5}$`)

// FindPrefix returns the prefix of the bundle that path names by the prefix itself or by a file of the checkpoint.
func FindPrefix(path string) (prefix string, ok bool) {
	for _, prefix := range []string{path, strings.TrimSuffix(path, ".index"), strings.TrimSuffix(path, ".json"), dataFile.ReplaceAllString(path, "")} {
		if info, err := os.Stat(prefix + ".index"); err == nil && info.Mode().IsRegular() {
			return prefix, true
		}
	}
	return "", false
}

// Open reads prefix.index and opens the data files that it names, all of which have to exist and be long enough. They
// stay open until [Reader.Close]. The error wraps [io/fs.ErrNotExist] if a file is missing and [regular.Err] if it is
// not a regular one, and is a [*FormatError] if one is damaged or not in a form that TensorFlow writes.
func Open(prefix string) (*Reader, error) {
	path := prefix + ".index"
	table, err := regular.Read(path, maxIndex)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	x, err := parseIndex(table)
	if err != nil {
		return nil, inFile(path, err)
	}
	r := &Reader{index: x, shards: map[int32]*shard{}}
	for _, e := range slices.Concat(x.entries, x.slices) {
		if err := r.locate(prefix, e); err != nil {
			return nil, errors.Join(inFile(path, err), r.Close())
		}
	}
	return r, nil
}

// locate opens e's shard, once, and checks that e lies within it.
func (r *Reader) locate(prefix string, e entry) error {
	if e.Slices > 0 {
		return nil
	}
	s := r.shards[e.shard]
	if s == nil {
		var err error
		if s, err = openShard(fmt.Sprintf("%s.data-%05d-of-%05d", prefix, e.shard, r.index.shards)); err != nil {
			return err
		}
		r.shards[e.shard] = s
	}
	if end := e.offset + e.Bytes; end > s.size {
		return &FormatError{s.path, s.size, "the end of the file", fmt.Sprintf("%q up to byte %d", e.Name, end)}
	}
	return nil
}

// Variables returns all variables in the order of their names, including those
// that cannot be read. The shapes in it are shared and read-only.
func (r *Reader) Variables() []Variable {
	variables := make([]Variable, len(r.index.entries))
	for i, e := range r.index.entries {
		variables[i] = e.Variable
	}
	return variables
}

// Lookup returns the named variable. The error wraps [ErrNoVariable] if there is none.
func (r *Reader) Lookup(name string) (Variable, error) {
	e, err := r.find(name)
	if err != nil {
		return Variable{}, err
	}
	return e.Variable, nil
}

func (r *Reader) find(name string) (*entry, error) {
	entries := r.index.entries
	i, found := slices.BinarySearchFunc(entries, name, func(e entry, name string) int {
		return cmp.Compare(e.Name, name)
	})
	if !found {
		return nil, fmt.Errorf("find variable %q: got none among %d: %w", name, len(entries), ErrNoVariable)
	}
	return &entries[i], nil
}

// Close closes the data files. A second Close does nothing.
func (r *Reader) Close() error {
	var errs []error
	for _, s := range r.shards {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
