package finetune

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"alexnet/input"
	"alexnet/internal/regular"
	"alexnet/internal/rundir"
)

func writeExcluded(dir string, problems []input.Excluded) error {
	if len(problems) == 0 {
		if err := os.Remove(rundir.Dir(dir).Excluded()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("list excluded files: %w", err)
		}
		return nil
	}
	var text bytes.Buffer
	if err := input.WriteExcluded(&text, problems); err != nil {
		return err
	}
	return replace(rundir.Dir(dir).Excluded(), text.Bytes())
}

// ReadExcluded returns the excluded files of the run in dir.
func ReadExcluded(dir string) ([]input.Excluded, error) {
	path := rundir.Dir(dir).Excluded()
	f, _, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	problems, err := input.ReadExcluded(f)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	return problems, nil
}
