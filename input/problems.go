package input

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

var problemColumns = []string{"path", "reason"}

// WriteProblems writes problems as CSV: lines of path and reason below their
// names.
func WriteExcluded(w io.Writer, problems []Excluded) error {
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
func ReadExcluded(r io.Reader) ([]Excluded, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = len(problemColumns)
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read bad images: %w", err)
	}
	var problems []Excluded
	for _, row := range rows[min(1, len(rows)):] {
		problems = append(problems, Excluded{Path: row[0], Reason: row[1]})
	}
	return problems, nil
}

// named are lines of the first problems.
func named(problems []Excluded) string {
	const most = 10
	var b strings.Builder
	for _, p := range problems[:min(most, len(problems))] {
		fmt.Fprintf(&b, "\n  %q: %s", p.Path, p.Reason)
	}
	if more := len(problems) - most; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// unique are the problems without those of a file that is named before, as where a
// list has it twice.
func unique(problems []Excluded) []Excluded {
	var all []Excluded
	seen := map[string]bool{}
	for _, p := range problems {
		if !seen[p.Path] {
			seen[p.Path] = true
			all = append(all, p)
		}
	}
	return all
}
