package rundir

import (
	"bytes"
	"encoding/csv"
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

// ReadExcluded reads excluded.csv; without the file, nothing is excluded. It has no hints.
func (d Dir) ReadExcluded() ([]input.Excluded, error) {
	rows, err := readPairs(d.Excluded())
	return parseExcluded(rows), err
}

func parseExcluded(rows [][]string) (excluded []input.Excluded) {
	for _, row := range rows {
		excluded = append(excluded, input.Excluded{Path: row[0], Reason: row[1]})
	}
	return excluded
}

// FormatExcluded is a CSV file with the columns path and reason.
func FormatExcluded(excluded []input.Excluded) []byte {
	rows := [][]string{{"path", "reason"}}
	for _, e := range excluded {
		rows = append(rows, []string{e.Path, e.Reason})
	}
	return formatCSV(rows)
}

// readPairs reads a CSV file of two columns and returns the rows below the header; none without the file.
func readPairs(path string) ([][]string, error) {
	text, err := regular.Read(path, 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := parsePairs(text)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	return rows, nil
}

func parsePairs(text []byte) ([][]string, error) {
	lines := csv.NewReader(bytes.NewReader(text))
	lines.FieldsPerRecord = 2
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, err
	}
	return rows[min(1, len(rows)):], nil
}

func formatCSV(rows [][]string) []byte {
	var text bytes.Buffer
	_ = csv.NewWriter(&text).WriteAll(rows) // a buffer takes everything
	return text.Bytes()
}

// WriteExcluded replaces excluded.csv, or removes it if nothing is excluded.
func (d Dir) WriteExcluded(excluded []input.Excluded) error {
	if len(excluded) == 0 {
		if err := os.Remove(d.Excluded()); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return atomicfile.Replace(d.Excluded(), FormatExcluded(excluded))
}
