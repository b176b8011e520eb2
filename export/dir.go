package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/hint"
)

// Limits on files that are read into memory. A card takes some kilobytes, a graph some hundred; those of other programs
// up to tens of megabytes.
const (
	maxCard  = 64 << 20
	maxGraph = 64 << 20
)

// ErrForeign reports a SavedModel that this program did not write. It does not run graphs that it finds in files.
var ErrForeign = errors.New("got no " + cardFile + ", want one that alexnet export wrote")

// Find returns the directory of the SavedModel that dir is, or of the one with the highest version number among its
// subdirectories, TensorFlow Serving's layout; ok is false if there is none.
func Find(dir string) (found string, ok bool) {
	if isModel(dir) {
		return dir, true
	}
	entries, _ := os.ReadDir(dir) // an unreadable directory has none
	highest := uint64(0)
	for _, e := range entries {
		n, err := strconv.ParseUint(e.Name(), 10, 63)
		if path := filepath.Join(dir, e.Name()); err == nil && (!ok || n > highest) && isModel(path) {
			found, ok, highest = path, true, n
		}
	}
	return found, ok
}

func isModel(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, graphFile))
	if err != nil {
		_, err = os.Stat(filepath.Join(dir, filepath.FromSlash(cardFile)))
	}
	return err == nil
}

// Prefix is the path prefix of the variables of the SavedModel in dir.
func Prefix(dir string) string { return filepath.Join(dir, filepath.FromSlash(variablesName)) }

// DirOf returns the directory of the SavedModel whose variables have the path prefix; ok is false if they are not a
// SavedModel's.
func DirOf(prefix string) (dir string, ok bool) {
	dir = filepath.Dir(filepath.Dir(prefix))
	return dir, Prefix(dir) == filepath.Clean(prefix) && isModel(dir)
}

// ReadCard reads the model card in dir and verifies the files beside it by their checksums, except the values of the
// variables, which have checksums of their own. The error wraps [checkpoint.ErrDamaged] if they differ, and
// [ErrForeign] if another program wrote the model.
func ReadCard(dir string) (*Card, error) {
	text, err := readFile(dir, cardFile, maxCard)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.With(fmt.Errorf("open SavedModel %q: %w", dir, ErrForeign),
			"export it again from its run, or load it with TensorFlow, which runs its graph, if you trust it; alexnet inspect lists its contents")
	}
	if err != nil {
		return nil, fmt.Errorf("read SavedModel %q: %w", dir, err)
	}
	c, err := parseCard(text)
	if err == nil {
		err = c.verify(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read SavedModel %q: %w", dir, err)
	}
	return c, nil
}

// Source is the model in dir, of which c is the card.
func (c *Card) Source(dir string) Source {
	return Source{Prefix: Prefix(dir), Checkpoint: c.Checkpoint, Description: c.description}
}

func parseCard(text []byte) (*Card, error) {
	c := new(Card)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", cardFile, checkpoint.ErrDamaged, err)
	}
	if c.Format != format {
		return nil, fmt.Errorf("%s: got format %d, want %d", cardFile, c.Format, format)
	}
	var err error
	if c.description, err = alexnet.ParseDescription(c.Checkpoint.Model); err == nil {
		err = c.Checkpoint.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", cardFile, checkpoint.ErrDamaged, err)
	}
	if got := c.sum(); got != c.Fingerprint {
		return nil, fmt.Errorf("%s: %w: got fingerprint %.12s, want %.12s", cardFile, checkpoint.ErrDamaged, got, c.Fingerprint)
	}
	return c, nil
}

func (c *Card) verify(dir string) error {
	for _, path := range parts {
		i := slices.IndexFunc(c.Files, func(f file) bool { return f.Path == path })
		if i < 0 {
			return fmt.Errorf("%s: %w: want %s among its files", cardFile, checkpoint.ErrDamaged, path)
		}
		want := c.Files[i]
		f, info, err := openPart(dir, path)
		if err != nil {
			return fmt.Errorf("%w: %w", checkpoint.ErrDamaged, err)
		}
		f.Close()
		if info.Size() != want.Bytes {
			return fmt.Errorf("%s: %w: got %d bytes, want %d", path, checkpoint.ErrDamaged, info.Size(), want.Bytes)
		}
		if path == dataFile {
			continue
		}
		if got, err := hashFile(dir, path); err != nil || got.SHA256 != want.SHA256 {
			return errors.Join(fmt.Errorf("%s: %w: got sha256 %.12s, want %.12s", path, checkpoint.ErrDamaged, got.SHA256, want.SHA256), err)
		}
	}
	return nil
}

// openPart opens a regular file of the directory by its path in it. Symbolic links may point to another place in the
// directory, not outside it.
func openPart(dir, path string) (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	path = filepath.FromSlash(path)
	info, err := root.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would block
		return nil, nil, fmt.Errorf("%s: got %v, want a regular file", path, info.Mode())
	}
	f, err := root.Open(path)
	return f, info, err
}

// readFile reads a file of the directory up to a size limit.
func readFile(dir, path string, limit int64) ([]byte, error) {
	f, info, err := openPart(dir, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: got %d bytes, want at most %d", path, info.Size(), limit)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
