package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writeResults writes the report as Markdown.
func (r *report) writeResults(path string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Results\n\nWritten by\n\n```console\n$ %s\n```\n\n%s", r.typed(), r.heading())
	for _, table := range [][][]string{r.jobTable(), r.rowTable()} {
		b.WriteString("\n" + markdown(table))
	}
	fmt.Fprintf(&b, "\n%s", r.footnote())
	for _, o := range r.Jobs {
		fmt.Fprintf(&b, "\n%s: accuracy after each epoch", o.Name)
		for _, p := range o.Points {
			fmt.Fprintf(&b, " %.4f", p.Accuracy)
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// typed is the command, with absolute paths shortened to their last element.
func (r *report) typed() string {
	words := slices.Clone(r.Command)
	for i, word := range words {
		if filepath.IsAbs(word) {
			words[i] = filepath.Base(word)
		}
	}
	return strings.Join(words, " ")
}

// markdown formats a table whose first line is its header.
func markdown(table [][]string) string {
	var b strings.Builder
	for i, line := range table {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(line)) + "|\n")
		}
	}
	return b.String()
}
