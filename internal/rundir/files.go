package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"alexnet/input"
	"alexnet/internal/atomicfile"
	"alexnet/internal/regular"
)

// ReadConfig reads config.json. The error wraps [fs.ErrNotExist] if there is none.
func (d Dir) ReadConfig() ([]byte, error) { return regular.Read(d.Config(), 64<<20) }

// WriteConfig replaces config.json.
func (d Dir) WriteConfig(text []byte) error { return atomicfile.Replace(d.Config(), text) }

// ReadDataset reads dataset.txt.
func (d Dir) ReadDataset() ([]byte, error) { return regular.Read(d.Dataset(), 1<<30) }

// WriteDataset replaces dataset.txt.
func (d Dir) WriteDataset(inventory []byte) error {
	return atomicfile.Replace(d.Dataset(), inventory)
}

// ReadExcluded reads excluded.csv; without the file, nothing is excluded.
func (d Dir) ReadExcluded() ([]input.Excluded, error) {
	text, err := regular.Read(d.Excluded(), 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	excluded, err := input.ReadExcluded(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", d.Excluded(), err)
	}
	return excluded, nil
}

// WriteExcluded replaces excluded.csv, or removes it if nothing is excluded.
func (d Dir) WriteExcluded(excluded []input.Excluded) error {
	if len(excluded) == 0 {
		if err := os.Remove(d.Excluded()); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var text bytes.Buffer
	if err := input.WriteExcluded(&text, excluded); err != nil {
		return err
	}
	return atomicfile.Replace(d.Excluded(), text.Bytes())
}
