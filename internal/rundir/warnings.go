package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"alexnet/internal/atomicfile"
	"alexnet/internal/regular"
)

// ReadWarnings reads warnings.csv: what the decoder said by path; nil without the file.
func (d Dir) ReadWarnings() (map[string]string, error) {
	text, err := regular.Read(d.Warnings(), 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := parsePairs(text)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", d.Warnings(), err)
	}
	warnings := map[string]string{}
	for _, row := range rows {
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
	rows := [][]string{{"path", "warning"}}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, []string{path, all[path]})
	}
	return atomicfile.Replace(d.Warnings(), formatCSV(rows))
}
