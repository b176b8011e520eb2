package input

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"alexnet/internal/content"
)

// SmallSide is the side in pixels under which an image has too little to show:
// AlexNet sees it enlarged more than seven times.
const SmallSide = 32

// Small returns the examples with a side shorter than the given number of
// pixels, in the same order.
func Small(examples []Example, side int) []Example {
	var tiny []Example
	for _, ex := range examples {
		if min(ex.Width, ex.Height) < side {
			tiny = append(tiny, ex)
		}
	}
	return tiny
}

// Duplicate is two or more examples whose files are the same byte for byte.
type Duplicate struct {
	Train []Example
	Val   []Example
}

// AcrossSplits reports whether an image is both trained and validated on,
// which makes the validation look better than it is.
func (d Duplicate) AcrossSplits() bool { return len(d.Train) > 0 && len(d.Val) > 0 }

// AcrossClasses reports whether the same image has several labels.
func (d Duplicate) AcrossClasses() bool {
	all := slices.Concat(d.Train, d.Val)
	return slices.ContainsFunc(all, func(ex Example) bool { return ex.Label != all[0].Label })
}

// Duplicates returns the groups of identical files, in the order of their first members.
// Images that were not hashed are read if another one has the same size. Files that cannot
// be read are excluded; the error is ctx's.
func Duplicates(ctx context.Context, d *Dataset) ([]Duplicate, []Excluded, error) {
	all := slices.Concat(d.Train, d.Val)
	sums, errs, err := digests(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	var problems []Excluded
	members := map[content.Hash][]int{}
	for i := range all {
		switch {
		case errs[i] != nil:
			problems = append(problems, ExcludedFor(all[i].Path, errs[i]))
		case sums[i] != content.Hash{}:
			members[sums[i]] = append(members[sums[i]], i)
		}
	}
	var groups [][]int
	for _, m := range members {
		if len(m) > 1 {
			groups = append(groups, m)
		}
	}
	slices.SortFunc(groups, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	duplicates := make([]Duplicate, len(groups))
	for i, m := range groups {
		for _, at := range m {
			if at < len(d.Train) {
				duplicates[i].Train = append(duplicates[i].Train, all[at])
			} else {
				duplicates[i].Val = append(duplicates[i].Val, all[at])
			}
		}
	}
	return duplicates, problems, nil
}

// digests hashes the examples whose size another one has; the sums of the others may be
// zero.
func digests(ctx context.Context, all []Example) (sums []content.Hash, errs []error, err error) {
	sizes := map[int64]int{}
	for _, ex := range all {
		sizes[ex.Size]++
	}
	sums, errs = make([]content.Hash, len(all)), make([]error, len(all))
	contents := content.Open("", nil)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, ex := range all {
		if sums[i] = ex.Content; ex.Content == (content.Hash{}) && sizes[ex.Size] > 1 {
			g.Go(func() error {
				sums[i], errs[i] = contents.Of(ex.Path)
				return ctx.Err()
			})
		}
	}
	return sums, errs, g.Wait()
}
