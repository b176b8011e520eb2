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
	"strings"

	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"alexnet/alexnet"
	"alexnet/checkpoint"
)

// Limits of what is read into memory. A card takes some kilobytes and a graph some
// hundred; those of other programs take tens of megabytes at times. A message takes
// two bytes of a graph's file and a hundred times as many in memory: ours has some
// thousand, and one of a hundred thousand operations a million or two.
const (
	maxCard     = 64 << 20
	maxGraph    = 64 << 20
	maxMessages = 4 << 20
)

// ForeignError says that a SavedModel was not written by this program, which runs no
// graph that it finds in a file.
type ForeignError struct {
	Dir     string
	Outside []Outside // what of its graph reaches outside; of one that cannot be read none
}

func (e *ForeignError) Error() string {
	text := fmt.Sprintf("open SavedModel %q: got no %s, want one that alexnet export wrote", e.Dir, cardFile)
	if len(e.Outside) == 0 {
		return text
	}
	var names []string
	for _, o := range e.Outside {
		names = append(names, o.String())
	}
	return text + "; its graph reaches outside: " + strings.Join(names, ", ")
}

// Hint says what to do.
func (e *ForeignError) Hint() string {
	return "export it again from its run, or load it with TensorFlow itself, which runs its graph, if you trust that; alexnet inspect shows what it holds"
}

// Find gives the folder of the SavedModel that dir is, or the one of the highest number
// among dir's folders, as TensorFlow Serving has them; ok is false where there is none.
func Find(dir string) (found string, ok bool) {
	if isModel(dir) {
		return dir, true
	}
	entries, _ := os.ReadDir(dir) // what cannot be read has none
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

// Prefix is the path that TensorFlow knows the variables in dir by.
func Prefix(dir string) string { return filepath.Join(dir, filepath.FromSlash(variablesName)) }

// Folder is the folder of the SavedModel whose variables are at prefix; ok is false
// where they are not a SavedModel's.
func DirOf(prefix string) (dir string, ok bool) {
	dir = filepath.Dir(filepath.Dir(prefix))
	return dir, Prefix(dir) == filepath.Clean(prefix) && isModel(dir)
}

// ReadCard reads the model card in dir and checks that the files beside it are those
// that were written with it, save the values of the variables, which carry checksums
// of their own. The error wraps [checkpoint.ErrDamaged] where they are not, and is a
// [*ForeignError] where another program wrote the model.
func ReadCard(dir string) (*Card, error) {
	text, err := readFile(dir, cardFile, maxCard)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, foreign(dir)
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

// foreign names what the graph in dir reaches.
func foreign(dir string) *ForeignError {
	e := &ForeignError{Dir: dir}
	if text, err := readFile(dir, graphFile, maxGraph); err == nil {
		if found, err := parseGraph(text); err == nil {
			e.Outside = found.Outside
		}
	}
	return e
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
		i := slices.IndexFunc(c.Files, func(f File) bool { return f.Path == path })
		if i < 0 {
			return fmt.Errorf("%s: %w: it does not list %s", cardFile, checkpoint.ErrDamaged, path)
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

// Contents is what a SavedModel holds, whoever wrote it.
type Contents struct {
	TensorFlow string      `json:"tensorflow,omitempty"` // version that wrote it
	Tags       []string    `json:"tags"`
	Signatures []Signature `json:"signatures"`
	Assets     []string    `json:"assets,omitempty"`
	Ops        []OpCount   `json:"ops"` // of all graphs and their functions, the most frequent first
	Functions  int         `json:"functions"`
	Outside    []Outside   `json:"outside,omitempty"`
	Bytes      int64       `json:"bytes"` // of all files of the model
	Card       *Card       `json:"card,omitempty"`
}

// Read lists what the SavedModel in dir holds: of several graphs, the signatures of
// the one to serve and the operations of all, since programs choose by other tags.
// With an error about the card it returns the rest.
func Read(dir string) (*Contents, error) {
	text, err := readFile(dir, graphFile, maxGraph)
	if err != nil {
		return nil, fmt.Errorf("read SavedModel %q: %w", dir, err)
	}
	found, err := parseGraph(text)
	if err != nil {
		return nil, fmt.Errorf("read SavedModel %q: %w", dir, err)
	}
	found.Bytes = size(dir)
	found.Card, err = ReadCard(dir)
	if foreign := new(ForeignError); errors.As(err, &foreign) {
		err = nil
	}
	return found, err
}

func parseGraph(text []byte) (*Contents, error) {
	var saved pb.SavedModel
	if n := messages(text, saved.ProtoReflect().Descriptor(), 0); n > maxMessages {
		return nil, fmt.Errorf("%s: got %d messages, want at most %d", graphFile, n, maxMessages)
	}
	if err := proto.Unmarshal(text, &saved); err != nil {
		return nil, fmt.Errorf("%s: %w: got %d bytes that are no SavedModel", graphFile, checkpoint.ErrDamaged, len(text))
	}
	if len(saved.MetaGraphs) == 0 {
		return nil, fmt.Errorf("%s: %w: got no graph, want at least one", graphFile, checkpoint.ErrDamaged)
	}
	meta := saved.MetaGraphs[0]
	for _, m := range saved.MetaGraphs {
		if slices.Contains(m.GetMetaInfoDef().GetTags(), tag) {
			meta = m
			break
		}
	}
	found := &Contents{
		TensorFlow: meta.GetMetaInfoDef().GetTensorflowVersion(),
		Tags:       meta.GetMetaInfoDef().GetTags(),
		Signatures: readSignatures(meta.GetSignatureDef()),
	}
	for _, a := range meta.GetAssetFileDef() {
		found.Assets = append(found.Assets, a.GetFilename())
	}
	for _, m := range saved.MetaGraphs {
		found.Functions += len(m.GetGraphDef().GetLibrary().GetFunction())
	}
	var err error
	if found.Ops, found.Outside, err = look(saved.MetaGraphs); err != nil {
		return nil, err
	}
	return found, nil
}

// messages counts what a message has inside, without making any of it. What is torn
// is left to the decoder to refuse.
func messages(text []byte, of protoreflect.MessageDescriptor, depth int) (n int) {
	for len(text) > 0 && depth < protowire.DefaultRecursionLimit {
		number, kind, tag := protowire.ConsumeTag(text)
		if tag < 0 {
			return n
		}
		text = text[tag:]
		size := protowire.ConsumeFieldValue(number, kind, text)
		if size < 0 {
			return n
		}
		if f := of.Fields().ByNumber(number); f != nil && f.Message() != nil && kind == protowire.BytesType {
			inside, _ := protowire.ConsumeBytes(text)
			n += 1 + messages(inside, f.Message(), depth+1)
		}
		text = text[size:]
	}
	return n
}

// size adds up the regular files in dir.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // what cannot be seen is not counted
		}
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}

// openPart opens a regular file of the folder dir by its path in it. Links may lead
// from one place in the folder to another, not out of it.
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
	if !info.Mode().IsRegular() { // opening a pipe would wait for who writes into it
		return nil, nil, fmt.Errorf("%s: got %v, want a regular file", path, info.Mode())
	}
	f, err := root.Open(path)
	return f, info, err
}

// readFile reads a file of the folder dir that is not too large.
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
