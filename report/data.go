package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"alexnet/input"
)

// dataSummary describes the dataset.
type dataSummary struct {
	Root, Layout, ValFrom string
	Splits                []string // column headings: training, validation
	Rows                  []dataRow
	Facts                 []Row
}

// dataRow counts the images of a class in each split.
type dataRow struct {
	Class  string
	Counts []int
}

// Row is a name with a value.
type Row struct{ Name, Value string }

func summarize(d *input.Dataset) *dataSummary {
	s := &dataSummary{Root: d.Root, Layout: d.Layout, ValFrom: d.ValFrom}
	var counts [][]int
	measured := "validation"
	if len(d.Train) == 0 {
		measured = "measured" // not the run's own images
	}
	for _, split := range []struct {
		name     string
		examples []input.Example
	}{{"training", d.Train}, {measured, d.Val}} {
		if len(split.examples) > 0 {
			s.Splits = append(s.Splits, split.name)
			counts = append(counts, input.Counts(split.examples, len(d.Classes)))
		}
	}
	total := dataRow{Class: "all", Counts: make([]int, len(counts))}
	for i, class := range d.Classes {
		row := dataRow{Class: class}
		for k, c := range counts {
			row.Counts = append(row.Counts, c[i])
			total.Counts[k] += c[i]
		}
		s.Rows = append(s.Rows, row)
	}
	s.Rows = append(s.Rows, total)
	s.Facts = facts(slices.Concat(d.Train, d.Val))
	return s
}

func facts(all []input.Example) []Row {
	if len(all) == 0 {
		return nil
	}
	var widths, heights, kibs []int
	formats, rotated := map[string]int{}, 0
	for _, ex := range all {
		widths, heights, kibs = append(widths, ex.Width), append(heights, ex.Height), append(kibs, int((ex.Size+1023)>>10))
		formats[string(ex.Format)]++
		if ex.Orientation > 1 {
			rotated++
		}
	}
	var kinds []string
	for _, f := range slices.Sorted(maps.Keys(formats)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", f, formats[f]))
	}
	return []Row{
		{"formats", strings.Join(kinds, ", ")},
		{"width in pixels", minMedianMax(widths)},
		{"height in pixels", minMedianMax(heights)},
		{"file size in KiB", minMedianMax(kibs)},
		{"rotated by EXIF", fmt.Sprint(rotated)},
	}
}

// minMedianMax formats the minimum, median and maximum.
func minMedianMax(values []int) string {
	slices.Sort(values)
	return fmt.Sprintf("%d – %d – %d (min, median, max)", values[0], values[len(values)/2], values[len(values)-1])
}

// Limits of the settings on the page. A run has about sixty settings, nested three
// levels deep; a foreign description may be nested arbitrarily.
const (
	maxSettings    = 500
	maxSettingName = 200 // bytes, dots included
)

// settingRows flattens the run's settings, sorted by name; nested names are joined by dots. The last row counts the
// omitted settings.
func settingRows(config json.RawMessage) ([]Row, error) {
	if len(config) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(config))
	decoder.UseNumber() // a seed has more digits than float64
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read the run's settings: %w", err)
	}
	rows, omitted := flatten(nil, "", tree)
	if omitted > 0 {
		rows = append(rows, Row{"omitted", fmt.Sprintf("%d settings, beyond %d or with names longer than %d bytes", omitted, maxSettings, maxSettingName)})
	}
	return rows, nil
}

// flatten appends rows and counts the omitted settings; all below an omitted name count as one.
func flatten(rows []Row, name string, value any) (all []Row, omitted int) {
	if len(rows) == maxSettings || len(name) > maxSettingName {
		return rows, 1
	}
	tree, ok := value.(map[string]any)
	if !ok {
		return append(rows, Row{name, strings.Join(formatValue(nil, value), ", ")}), 0
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		var more int
		rows, more = flatten(rows, strings.TrimPrefix(name+"."+key, "."), tree[key])
		omitted += more
	}
	return rows, omitted
}

// formatValue appends the elements of a value as text.
func formatValue(elements []string, value any) []string {
	switch value := value.(type) {
	case nil:
		return append(elements, "none")
	case []any:
		for _, v := range value {
			elements = formatValue(elements, v)
		}
		return elements
	}
	return append(elements, fmt.Sprint(value))
}
