package input

import (
	"encoding/csv"
	"fmt"
	"io"
)

var problemColumns = []string{"path", "reason"}

// WriteProblems writes problems as CSV: lines of path and reason below their
// names.
func WriteProblems(w io.Writer, problems []Problem) error {
	rows := [][]string{problemColumns}
	for _, p := range problems {
		rows = append(rows, []string{p.Path, p.Reason})
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("write bad images: %w", err)
	}
	return nil
}

// ReadProblems reads what WriteProblems wrote, hints aside.
func ReadProblems(r io.Reader) ([]Problem, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = len(problemColumns)
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read bad images: %w", err)
	}
	var problems []Problem
	for _, row := range rows[min(1, len(rows)):] {
		problems = append(problems, Problem{Path: row[0], Reason: row[1]})
	}
	return problems, nil
}
