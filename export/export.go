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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

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

// onCPU are the options of sessions that write and compare: the CPU's kernels are the same everywhere.
var onCPU = tfgraph.Options{Device: tfgraph.CPU}

// Options are what [SavedModel] writes besides the source.
type Options struct {
	Evaluation *Evaluation // for the card; nil if the model was not evaluated
	Version    string      // of the program that writes
	Reference  *Reference  // to compare the export with; nil skips the comparison
}

// SavedModel writes the directory dir, which must not exist or be empty. The network is written in float32.
func SavedModel(ctx context.Context, dir string, s Source, o Options) (card *Card, found Comparison, err error) {
	err = atomicfile.Publish(dir, func(tmp string) (err error) {
		if card, err = writeSavedModel(ctx, tmp, s.Float32(), o); err != nil || o.Reference == nil {
			return err
		}
		found, err = o.Reference.compare(ctx, tmp)
		return err
	})
	if err != nil {
		return nil, Comparison{}, fmt.Errorf("write SavedModel %q: %w", dir, err)
	}
	return card, found, nil
}

func writeSavedModel(ctx context.Context, dir string, s Source, o Options) (*Card, error) {
	if err := errors.Join(s.Checkpoint.Validate(), s.Description.Validate()); err != nil {
		return nil, err
	}
	settings, err := parseSettings(s.Checkpoint.Config)
	if err != nil {
		return nil, err
	}
	g, err := build(s.Description)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"", "variables", "assets", "assets.extra"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			return nil, err
		}
	}
	text, err := g.encode()
	if err != nil {
		return nil, err
	}
	if err := g.writeVariables(ctx, s.Prefix, filepath.Join(dir, variablesName)); err != nil {
		return nil, err
	}
	card := &Card{
		Format: format, Checkpoint: s.Checkpoint, description: s.Description, Signatures: readSignatures(g.signatures()), Evaluation: o.Evaluation,
		Versions: versions{o.Version, tfgraph.Version()}, Use: use, Limits: limits(s.Description.Preprocessing), License: settings.license(), settings: settings,
	}
	if err := writeFiles(dir, map[string][]byte{graphFile: text, classesPath: classLines(s.Description.Preprocessing.Classes)}); err != nil {
		return nil, err
	}
	if err := card.describe(dir); err != nil {
		return nil, err
	}
	return card, card.write(dir)
}

// writeVariables copies the variables of the bundle at from, verifying their checksums.
func (g *servingGraph) writeVariables(ctx context.Context, from, to string) error {
	weights, err := checkpoint.Load(ctx, from, g.net.Variables)
	if err != nil {
		return err
	}
	defer weights.Close()
	def, err := proto.Marshal(g.def)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, onCPU)
	if err != nil {
		return err
	}
	return errors.Join(g.saver.Save(ctx, session, to, weights), session.Close())
}

// write writes both cards into the directory.
func (c *Card) write(dir string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	markdown, err := c.markdown()
	if err != nil {
		return err
	}
	return writeFiles(dir, map[string][]byte{cardFile: append(text, '\n'), markdownFile: markdown})
}

func writeFiles(dir string, files map[string][]byte) error {
	for path, text := range files {
		if err := atomicfile.Write(filepath.Join(dir, filepath.FromSlash(path)), text); err != nil {
			return err
		}
	}
	return nil
}
