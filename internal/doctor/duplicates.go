package doctor

import (
	"slices"

	"alexnet/input"
	"alexnet/internal/content"
)

// duplicate is two or more examples whose files are the same byte for byte.
type duplicate struct {
	Train []input.Example
	Val   []input.Example
}

// acrossSplits reports whether an image is both trained and validated on,
// which makes the validation look better than it is.
func (d duplicate) acrossSplits() bool { return len(d.Train) > 0 && len(d.Val) > 0 }

// acrossClasses reports whether the same image has several labels.
func (d duplicate) acrossClasses() bool {
	all := slices.Concat(d.Train, d.Val)
	return slices.ContainsFunc(all, func(ex input.Example) bool { return ex.Label != all[0].Label })
}

// findDuplicates returns the groups of identical files, in the order of their first members. The examples have hashes.
func findDuplicates(d *input.Dataset) []*duplicate {
	var groups []*duplicate
	byContent := map[content.Hash]*duplicate{}
	groupOf := func(ex input.Example) *duplicate {
		if byContent[ex.Content] == nil {
			byContent[ex.Content] = new(duplicate)
			groups = append(groups, byContent[ex.Content])
		}
		return byContent[ex.Content]
	}
	for _, ex := range d.Train {
		g := groupOf(ex)
		g.Train = append(g.Train, ex)
	}
	for _, ex := range d.Val {
		g := groupOf(ex)
		g.Val = append(g.Val, ex)
	}
	return slices.DeleteFunc(groups, func(g *duplicate) bool { return len(g.Train)+len(g.Val) == 1 })
}
