package classify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/export"
	"alexnet/internal/rundir"
)

// Find locates the model at path: a run directory or a folder of checkpoints, of which it takes the best one; a
// checkpoint, by its prefix or any of its files; or a SavedModel that package export wrote. Of a folder of SavedModels
// named by version numbers it takes the highest. The description is validated, the variables are not read.
func Find(path string) (export.Source, error) {
	prefix, err := findPrefix(path)
	if err != nil {
		return export.Source{}, fmt.Errorf("find model: %w", err)
	}
	if dir, ok := export.DirOf(prefix); ok {
		card, err := export.ReadCard(dir)
		if err != nil {
			return export.Source{}, err
		}
		return card.Source(dir), nil
	}
	meta, err := checkpoint.ReadMeta(prefix)
	if err != nil {
		return export.Source{}, err
	}
	description, err := alexnet.ParseDescription(meta.Model)
	if err != nil {
		return export.Source{}, fmt.Errorf("read checkpoint %q: %w", prefix, err)
	}
	return export.Source{Prefix: prefix, Checkpoint: meta, Description: description}, nil
}

func findPrefix(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		for _, suffix := range []string{"", ".json", ".index", ".data-00000-of-00001"} {
			prefix := strings.TrimSuffix(path, suffix)
			if _, err := os.Stat(prefix + ".index"); err == nil {
				return prefix, nil
			}
		}
	}
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		for _, dir := range []checkpoint.Dir{checkpoint.Dir(rundir.Dir(path).Checkpoints()), checkpoint.Dir(path)} {
			all, err := dir.List()
			if err != nil {
				return "", err
			}
			if best, ok := checkpoint.Best(all); ok {
				return dir.Prefix(best), nil
			}
		}
		if dir, ok := export.Find(path); ok {
			return export.Prefix(dir), nil
		}
	}
	return "", fmt.Errorf("%q: %w", path, checkpoint.ErrNone)
}
