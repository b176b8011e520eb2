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

// ExcludedFile is where the run in dir lists the files of its data that it leaves
// out, as lines of path and reason. A run that uses all has none.
func ExcludedFile(dir string) string { return rundir.Dir(dir).Excluded() }

func writeLeftOut(dir string, problems []input.Excluded) error {
	if len(problems) == 0 {
		if err := os.Remove(ExcludedFile(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("list what is left out: %w", err)
		}
		return nil
	}
	var text bytes.Buffer
	if err := input.WriteExcluded(&text, problems); err != nil {
		return err
	}
	return replace(ExcludedFile(dir), text.Bytes())
}

// ReadExcluded reads what the run in dir leaves out.
func ReadExcluded(dir string) ([]input.Excluded, error) {
	path := ExcludedFile(dir)
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
