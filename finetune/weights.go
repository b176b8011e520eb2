package finetune

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

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
	file, err := openWeights(path)
	if err != nil {
		if f, listed := pretrained.Lookup(filepath.Base(path)); listed && errors.Is(err, fs.ErrNotExist) {
			err = hint.With(err, "download it from "+f.URL)
		}
		return nil, err
	}
	if known {
		o.Log.Info("pretrained weights", "name", f.Name, "origin", f.Origin, "license", f.License)
		c.WeightsSource, file.Path = &f.Provenance, cmp.Or(name, file.Path)
	}
	return file, nil
}
