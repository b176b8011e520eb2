package npy

import (
	"fmt"

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
