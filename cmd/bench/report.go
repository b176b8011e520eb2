package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"alexnet/alexnet"
)

// report is the JSON of a benchmark.
type report struct {
	Command  []string       `json:"command"`
	Machine  machine        `json:"machine"`
	Settings settings       `json:"settings"`
	Images   string         `json:"images"`
	Train    int            `json:"train"` // images
	Val      int            `json:"val"`
	Network  alexnet.Config `json:"network"`
	Jobs     []*outcome     `json:"jobs"`
	Rows     []row          `json:"rows"`
}

// publish prints the tables, writes JSON and plots into the folder dir, and writes the tables to the file results unless
// it is empty.
func (r *report) publish(stdout io.Writer, dir, results string) error {
	if err := writeJSON(filepath.Join(dir, "bench.json"), r); err != nil {
		return err
	}
	lines := fmt.Sprintf("figures and plots: %s\n", dir)
	if len(r.Jobs) > 0 {
		if err := r.plots(dir); err != nil {
			return err
		}
	}
	if results != "" {
		if err := r.writeResults(results); err != nil {
			return err
		}
		lines += fmt.Sprintf("results: %s\n", results)
	}
	_, err := fmt.Fprintf(stdout, "%s\n%s", r.text(), lines)
	return err
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
