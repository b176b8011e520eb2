package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// text formats the report for a terminal.
func (r *report) text() string {
	blocks := []string{r.heading(), grid(r.jobTable(), "  "), r.footnote(), grid(r.rowTable(), "  ")}
	return strings.Join(slices.DeleteFunc(blocks, func(s string) bool { return s == "" }), "\n")
}

// heading names the dataset, the settings and the machine.
func (r *report) heading() string {
	weights := "random weights"
	if r.Settings.Weights != "" {
		weights = filepath.Base(r.Settings.Weights)
	}
	return fmt.Sprintf("%s, %d cores, TensorFlow %s\n\n%s: %d training and %d validation images; %s; learning rate %g; %d turns\n",
		r.Machine.Processor, r.Machine.Cores, r.Machine.TensorFlow, filepath.Base(r.Images), r.Train, r.Val, weights, r.Settings.Rate, r.Settings.Turns)
}

// jobTable has a line for each program; all are compared with the first. It is nil without jobs.
func (r *report) jobTable() [][]string {
	if len(r.Jobs) == 0 {
		return nil
	}
	h := r.Settings.Horizon
	table := [][]string{{"whole job", "to first step", "first epoch", "later epochs", "epochs run", fmt.Sprintf("%d epochs", h),
		"times the first", fmt.Sprintf("to %.0f %%", 100*r.Settings.Goal), "accuracy", "peak memory"}}
	base, _ := r.Jobs[0].at(h)
	for _, o := range r.Jobs {
		total, measured := o.at(h)
		mark := "~"
		if measured {
			mark = ""
		}
		goal := "-"
		if seconds, ok := o.reached(r.Settings.Goal); ok {
			goal = seconds1(seconds)
		}
		table = append(table, []string{o.Name, seconds1(o.ready()), seconds1(o.first()), seconds1(o.later()), fmt.Sprint(o.last().Epoch),
			mark + seconds1(total), mark + short(total/base), goal, fmt.Sprintf("%.4f", o.last().Accuracy), fmt.Sprintf("%.0f MiB", o.Peak)})
	}
	return table
}

// footnote explains the marks of the jobs.
func (r *report) footnote() string {
	if len(r.Jobs) == 0 {
		return ""
	}
	return "~ extrapolated: each epoch that was not run takes the mean time of those after the first.\n" +
		"alexnet computes its frozen layers once, before the first step.\n"
}

// rowTable has a line for each row. It is nil without rows.
func (r *report) rowTable() [][]string {
	if len(r.Rows) == 0 {
		return nil
	}
	table := [][]string{{"min / median / max", "unit", "ours", "against", "", "ratio"}}
	for _, w := range r.Rows {
		line := []string{w.What, w.Unit, w.Ours.String(), w.Against, "", ""}
		if w.Other != nil {
			line[4], line[5] = w.Other.String(), w.Ratio.String()
		}
		table = append(table, line)
	}
	return table
}

func seconds1(s float64) string { return fmt.Sprintf("%.1f s", s) }

// grid aligns columns by runes; tabwriter would align them by bytes.
func grid(table [][]string, gap string) string {
	widths := map[int]int{}
	for _, line := range table {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range table {
		var text strings.Builder
		for i, cell := range line {
			text.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + gap)
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return b.String()
}
