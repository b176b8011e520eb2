package finetune

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alexnet/checkpoint"
	"alexnet/input"
)

// LeftOutFile is where the run in dir lists the files of its data that it leaves
// out, as lines of path and reason. A run that uses all has none.
func LeftOutFile(dir string) string { return filepath.Join(dir, "left-out.csv") }

var leftOutColumns = []string{"path", "reason"}

func writeLeftOut(dir string, problems []input.Problem) error {
	if len(problems) == 0 {
		if err := os.Remove(LeftOutFile(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("list what is left out: %w", err)
		}
		return nil
	}
	rows := [][]string{leftOutColumns}
	for _, p := range problems {
		rows = append(rows, []string{p.Path, p.Reason})
	}
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return fmt.Errorf("list what is left out: %w", err)
	}
	return checkpoint.WriteFile(LeftOutFile(dir), text.Bytes())
}

// LeftOut reads what the run in dir leaves out.
func LeftOut(dir string) ([]input.Problem, error) {
	path := LeftOutFile(dir)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(leftOutColumns)
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	var problems []input.Problem
	for _, row := range rows[min(1, len(rows)):] {
		problems = append(problems, input.Problem{Path: row[0], Reason: row[1]})
	}
	return problems, nil
}
