package npy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"alexnet/internal/bundle"
	"alexnet/internal/filekind"
	"alexnet/internal/regular"
)

const (
	wanted  = "a .npy file, an .npz archive, or a folder of .npy files"
	seeDocs = "see Pretrained weights in docs/usage.md"
	convert = "convert it to .npz, " + seeDocs
)

// named returns e, or an error that names the kind of the file if that is not NumPy's, with the remedy.
func (e *formatError) named() error {
	f, info, err := regular.Open(e.Path)
	if err != nil {
		return e // a folder, or a member of an archive
	}
	defer f.Close()
	if info.Size() == 0 {
		return foreign(e.Path, "an empty file", "download or write it again")
	}
	prefix := make([]byte, min(info.Size(), filekind.PrefixBytes))
	if _, err := f.ReadAt(prefix, 0); err != nil {
		return e
	}
	switch kind := filekind.Detect(prefix); {
	case kind.Model:
		return foreign(e.Path, kind.Name, convert)
	case kind.Image:
		return foreign(e.Path, fmt.Sprintf("an image (%s)", kind.Name), "specify a weights file")
	case kind.Name == "a zip archive" && e.Want != noArrays:
		return e // a damaged .npz
	case kind.Name != "":
		return foreign(e.Path, kind.Name, kind.Remedy)
	}
	if e.Want == wanted {
		e.hint = seeDocs
	}
	return e
}

func foreign(path, got, remedy string) error {
	return &formatError{Path: path, Offset: -1, Got: got, Want: wanted, hint: remedy}
}

// checkNotModel refuses a run, a checkpoint and a SavedModel, from which weights can be exported.
func checkNotModel(path string) error {
	exists := func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	}
	prefix, isCheckpoint := bundle.FindPrefix(path)
	kind, ours := "", true
	switch {
	case exists(filepath.Join(path, "checkpoints")) && exists(filepath.Join(path, "config.json")):
		kind = "a run directory"
	case exists(filepath.Join(path, "checkpoint")):
		kind = "a folder of checkpoints"
		descriptions, _ := os.ReadDir(path)
		ours = false
		for _, d := range descriptions {
			ours = ours || strings.HasSuffix(d.Name(), ".ckpt.json")
		}
	case exists(filepath.Join(path, "saved_model.pb")):
		kind, ours = "a SavedModel", exists(filepath.Join(path, "assets.extra", "model.json"))
	case isCheckpoint:
		kind, ours = "a checkpoint", exists(prefix+".json")
	default:
		return nil
	}
	if !ours {
		return foreign(path, kind+" of another program", convert)
	}
	return foreign(path, kind, fmt.Sprintf("export its weights: alexnet export %q --out weights.npy --format npy", path))
}
