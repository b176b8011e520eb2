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

// DataSummary is what the pictures are like.
type DataSummary struct {
	Root, Layout, ValFrom string
	Parts                 []string // headings: training, validation
	Rows                  []DataRow
	Facts                 []Row
}

// DataRow counts the pictures of a class in each part.
type DataRow struct {
	Class  string
	Counts []int
}

// Row is a name with a value.
type Row struct{ Name, Value string }

func summarise(d *input.Dataset) *DataSummary {
	s := &DataSummary{Root: d.Root, Layout: string(d.Layout), ValFrom: d.ValFrom}
	var counts [][]int
	measured := "validation"
	if len(d.Train) == 0 {
		measured = "measured" // other pictures than the run's
	}
	for _, part := range []struct {
		name     string
		examples []input.Example
	}{{"training", d.Train}, {measured, d.Val}} {
		if len(part.examples) > 0 {
			s.Parts = append(s.Parts, part.name)
			counts = append(counts, input.Counts(part.examples, len(d.Classes)))
		}
	}
	total := DataRow{Class: "all", Counts: make([]int, len(counts))}
	for i, class := range d.Classes {
		row := DataRow{Class: class}
		for p, c := range counts {
			row.Counts = append(row.Counts, c[i])
			total.Counts[p] += c[i]
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
	var widths, heights, bytes []int64
	formats, turned := map[string]int{}, 0
	for _, ex := range all {
		widths, heights, bytes = append(widths, int64(ex.Width)), append(heights, int64(ex.Height)), append(bytes, ex.Size)
		formats[string(ex.Format)]++
		if ex.Orientation > 1 {
			turned++
		}
	}
	var kinds []string
	for _, f := range slices.Sorted(maps.Keys(formats)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", f, formats[f]))
	}
	return []Row{
		{"formats", strings.Join(kinds, ", ")},
		{"width in pixels", spread(widths)},
		{"height in pixels", spread(heights)},
		{"file size in KiB", spread(inKiB(bytes))},
		{"turned by EXIF", fmt.Sprint(turned)},
	}
}

// spread is the least, the middle and the most.
func spread(values []int64) string {
	slices.Sort(values)
	return fmt.Sprintf("%d – %d – %d (least, median, most)", values[0], values[len(values)/2], values[len(values)-1])
}

func inKiB(bytes []int64) []int64 {
	var all []int64
	for _, b := range bytes {
		all = append(all, (b+1023)>>10)
	}
	return all
}

// What a page shows of the settings. A run has some sixty, three names deep; a
// description from elsewhere may hold names in names that say one another's again
// and again.
const (
	maxSettings    = 500
	maxSettingName = 200 // bytes, dots included
)

// settingRows flattens the run's settings, by name; what is nested has its names joined by dots.
// The last row says how many are left out.
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
	rows, left := flatten(nil, "", tree)
	if left > 0 {
		rows = append(rows, Row{"left out", fmt.Sprintf("%d more, beyond %d settings or with names longer than %d bytes", left, maxSettings, maxSettingName)})
	}
	return rows, nil
}

// flatten adds rows and counts what it leaves out, all below a name as one.
func flatten(rows []Row, name string, value any) (all []Row, left int) {
	if len(rows) == maxSettings || len(name) > maxSettingName {
		return rows, 1
	}
	tree, ok := value.(map[string]any)
	if !ok {
		return append(rows, Row{name, strings.Join(plain(nil, value), ", ")}), 0
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		var more int
		rows, more = flatten(rows, strings.TrimPrefix(name+"."+key, "."), tree[key])
		left += more
	}
	return rows, left
}

// plain adds the words by which people write a value.
func plain(words []string, value any) []string {
	switch value := value.(type) {
	case nil:
		return append(words, "none")
	case []any:
		for _, v := range value {
			words = plain(words, v)
		}
		return words
	}
	return append(words, fmt.Sprint(value))
}
