package rundir

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"alexnet/internal/atomicfile"
	"alexnet/internal/regular"
)

var warningColumns = []string{"path", "warning"}

// ReadWarnings reads warnings.csv: what the decoder said by path; nil without the file.
func (d Dir) ReadWarnings() (map[string]string, error) {
	text, err := regular.Read(d.Warnings(), 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := csv.NewReader(bytes.NewReader(text))
	lines.FieldsPerRecord = len(warningColumns)
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", d.Warnings(), err)
	}
	warnings := map[string]string{}
	for _, row := range rows[min(1, len(rows)):] {
		warnings[row[0]] = row[1]
	}
	return warnings, nil
}

// AddWarnings adds warnings by path to warnings.csv. A damaged file is replaced.
func (d Dir) AddWarnings(warnings map[string]string) error {
	if len(warnings) == 0 {
		return nil
	}
	all, _ := d.ReadWarnings()
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, warnings)
	rows := [][]string{warningColumns}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, []string{path, all[path]})
	}
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return err
	}
	return atomicfile.Replace(d.Warnings(), text.Bytes())
}
