package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"alexnet/checkpoint"
	"alexnet/internal/atomicfile"
	"alexnet/tfgraph"
)

// ErrExists is what the error wraps where something is in the way.
var ErrExists = errors.New("it exists already and is not empty")

// Export is what to write.
type Export struct {
	Source
	Evaluation *Evaluation // nil where it was not measured
	Version    string      // of the program that writes
	Session    tfgraph.Options

	// Check looks at the finished folder before it gets its name; an error of its
	// leaves nothing behind.
	Check func(ctx context.Context, dir string) error
}

// Write makes the folder dir, and the folders above it that are missing. One that is
// there has to be empty.
func Write(ctx context.Context, dir string, e Export) (card *Card, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write SavedModel %q: %w", dir, err)
		}
	}()
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := CheckVacant(path); err != nil {
		return nil, err
	}
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(path)+".")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp) // fails to find it once it has its own name
	if card, err = e.fill(ctx, tmp); err != nil {
		return nil, err
	}
	if e.Check != nil {
		if err := e.Check(ctx, tmp); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, err
	}
	return card, place(tmp, path)
}

// Vacant refuses a path that something is at, save an empty folder.
func CheckVacant(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return ErrExists
	}
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		return ErrExists
	}
	return err
}

// place gives the folder its name, in place of an empty one.
func place(tmp, dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return atomicfile.Sync(filepath.Dir(dir))
}

// fill writes everything into the folder.
func (e Export) fill(ctx context.Context, dir string) (*Card, error) {
	e.Source = e.Float32()
	if err := errors.Join(e.Checkpoint.Validate(), e.Description.Validate()); err != nil {
		return nil, err
	}
	g, err := build(e.Description)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"variables", "assets", "assets.extra"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			return nil, err
		}
	}
	text, err := g.encode()
	if err != nil {
		return nil, err
	}
	if err := g.writeVariables(ctx, e, filepath.Join(dir, variablesName)); err != nil {
		return nil, err
	}
	card := &Card{
		Format: format, Checkpoint: e.Checkpoint, description: e.Description, Signatures: readSignatures(g.signatures()), Evaluation: e.Evaluation,
		Versions: Versions{e.Version, tfgraph.Version()}, Use: use, Limits: limits(e.Description.Preprocessing), Licence: licence,
	}
	if err := writeFiles(dir, map[string][]byte{graphFile: text, classesPath: classLines(e.Description.Preprocessing.Classes)}); err != nil {
		return nil, err
	}
	if err := card.describe(dir); err != nil {
		return nil, err
	}
	return card, card.write(dir)
}

// writeVariables copies the checkpoint's variables, once they are known to be whole.
func (g *serving) writeVariables(ctx context.Context, e Export, prefix string) error {
	weights, err := checkpoint.Load(ctx, e.Prefix, g.net.Variables)
	if err != nil {
		return err
	}
	defer weights.Close()
	def, err := proto.Marshal(g.def)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, e.Session)
	if err != nil {
		return err
	}
	return errors.Join(g.saver.SaveFed(ctx, session, prefix, weights.Feeds), session.Close())
}

// write puts both cards into the folder.
func (c *Card) write(dir string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	people, err := c.markdown()
	if err != nil {
		return err
	}
	return writeFiles(dir, map[string][]byte{cardFile: append(text, '\n'), markdownFile: people})
}

func writeFiles(dir string, files map[string][]byte) error {
	for path, text := range files {
		if err := atomicfile.Write(filepath.Join(dir, filepath.FromSlash(path)), text); err != nil {
			return err
		}
	}
	return nil
}
