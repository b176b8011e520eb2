package finetune

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/internal/hint"
	"alexnet/internal/pretrained"
	"alexnet/internal/weights"
)

// loadWeights opens the weights file, or the pretrained weights that Weights names, which it gets if they are not in the
// cache. It sets WeightsSource if they are published.
func (c *Config) loadWeights(ctx context.Context, o pretrained.Options) (*weights.File, error) {
	path, name := c.Weights, ""
	f, known := pretrained.Named(pretrained.Weights, path)
	if known {
		name = f.Name
		if _, err := os.Lstat(name); err == nil {
			o.Log.Info("the name of pretrained weights is used, not the file of this name: for the file write ./"+name, "weights", name)
		}
		var err error
		if path, err = f.Get(ctx, o); err != nil {
			return nil, err
		}
	} else {
		f, known, _ = pretrained.Identify(path) // opening it reports what is wrong with it
	}
	file, inherited, err := openWeights(path)
	if c.Channels != "" && err == nil {
		file.Channels = weights.Channels(strings.ToUpper(c.Channels))
	}
	if err != nil {
		if f, listed := pretrained.Lookup(filepath.Base(path)); listed && errors.Is(err, fs.ErrNotExist) {
			err = hint.With(err, "download it from "+f.URL)
		}
		return nil, err
	}
	if c.WeightsSource = inherited; known {
		c.WeightsSource, file.Path = &f.Provenance, cmp.Or(name, file.Path)
	}
	if from := c.WeightsSource; from != nil {
		o.Log.Info("pretrained weights", "name", from.Name, "origin", from.Origin, "license", from.License)
	}
	return file, nil
}

// openWeights opens a weights file, or the checkpoint at path that [classify.Find] takes, with the source of the weights
// that its run began with. Of a folder of checkpoints of another program it takes the newest.
func openWeights(path string) (file *weights.File, from *pretrained.Provenance, err error) {
	if source, err := classify.Find(path); err == nil {
		path = source.Prefix
		var c Config
		if json.Unmarshal(source.Checkpoint.Config, &c) == nil {
			from = c.WeightsSource
		}
	} else if newest := checkpoint.Dir(path).Latest(); newest != "" {
		path = filepath.Join(path, newest)
	}
	file, err = weights.Open(path)
	return file, from, err
}
