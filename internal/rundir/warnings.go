package rundir

import (
	"maps"
	"slices"

	"alexnet/internal/atomicfile"
)

// ReadWarnings reads warnings.csv: what the decoder said by path; empty without the file.
func (d Dir) ReadWarnings() (map[string]string, error) {
	rows, err := readPairs(d.Warnings())
	warnings := map[string]string{}
	for _, row := range rows {
		warnings[row[0]] = row[1]
	}
	return warnings, err
}

// AddWarnings adds warnings by path to warnings.csv. A damaged file is replaced.
func (d Dir) AddWarnings(warnings map[string]string) error {
	if len(warnings) == 0 {
		return nil
	}
	all, _ := d.ReadWarnings()
	maps.Copy(all, warnings)
	rows := [][]string{{"path", "warning"}}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, []string{path, all[path]})
	}
	return atomicfile.Replace(d.Warnings(), formatCSV(rows))
}
