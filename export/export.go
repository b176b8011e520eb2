// Package export writes trained networks for other programs. Start with [SavedModel], [Checkpoint] and [Weights], each
// of which takes a [Source], and with [ReadCard], which reads a SavedModel back.
//
// Every export is compared with its source before it gets its name: weights bit by bit, a SavedModel by its
// predictions. It appears under its name complete and synced, or not at all, and does not depend on when or where it
// was written: two exports of one checkpoint are equal byte for byte.
//
// A SavedModel is the directory that TensorFlow's own programs, in any language, load and run. Its graph takes image
// files: decoding and preprocessing, built by the code that training used, are in it, and so are the class names. It is
// float32 and holds nothing of training. Beside it, in assets.extra, are a model card for people and one for programs,
// model.json. The latter holds the checkpoint's description, so that this program builds the network from its own code
// and never runs a graph that it finds in a file.
package export

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/atomicfile"
	"alexnet/tfgraph"
)

// Source is a trained model on disk: a checkpoint of a run, or an export.
type Source struct {
	Prefix      string              // path prefix of the V2 bundle that holds the variables
	Checkpoint  checkpoint.Meta     // of an export, that of the checkpoint it was written from
	Description alexnet.Description // decoded from Checkpoint.Model
}

// Float32 is s with every layer computed in float32.
func (s Source) Float32() Source {
	s.Description.Network.BFloat16 = nil
	s.Checkpoint.Model = s.Description.JSON()
	return s
}

var errExists = errors.New("it exists already and is not empty")

// onCPU are the options of sessions that write and compare: the CPU's kernels are the same everywhere.
var onCPU = tfgraph.Options{Device: tfgraph.CPU}

// CheckVacant refuses a path that exists, unless it is an empty directory.
func CheckVacant(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errExists
	}
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		return errExists
	}
	return err
}

// publish calls write with a temporary path, which must become a file or a directory, and renames it to path. It
// creates missing parent directories, and leaves nothing behind if write fails.
func publish(path string, write func(tmp string) error) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := CheckVacant(path); err != nil {
		return err
	}
	parent, name := filepath.Split(path)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "."+name+".")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tmp := filepath.Join(dir, name)
	if err := write(tmp); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return atomicfile.Sync(parent)
}
