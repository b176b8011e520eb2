package doctor

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"alexnet/input"
	"alexnet/internal/content"
)

// smallSide is the side in pixels under which an image has too little to show:
// AlexNet sees it enlarged more than seven times.
const smallSide = 32

// small returns the examples with a side shorter than the given number of
// pixels, in the same order.
func small(examples []input.Example, side int) []input.Example {
	var found []input.Example
	for _, ex := range examples {
		if min(ex.Width, ex.Height) < side {
			found = append(found, ex)
		}
	}
	return found
}

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

// findDuplicates returns the groups of identical files, in the order of their first members.
// Images that were not hashed are read if another one has the same size. Files that cannot
// be read are excluded; the error is ctx's.
func findDuplicates(ctx context.Context, d *input.Dataset) ([]duplicate, []input.Excluded, error) {
	all := slices.Concat(d.Train, d.Val)
	sums, errs, err := digests(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	var excluded []input.Excluded
	members := map[content.Hash][]int{}
	for i := range all {
		switch {
		case errs[i] != nil:
			excluded = append(excluded, input.ExcludedFor(all[i].Path, errs[i]))
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
	duplicates := make([]duplicate, len(groups))
	for i, m := range groups {
		for _, at := range m {
			if at < len(d.Train) {
				duplicates[i].Train = append(duplicates[i].Train, all[at])
			} else {
				duplicates[i].Val = append(duplicates[i].Val, all[at])
			}
		}
	}
	return duplicates, excluded, nil
}

// digests hashes the examples whose size another one has; the sums of the others may be
// zero.
func digests(ctx context.Context, all []input.Example) (sums []content.Hash, errs []error, err error) {
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
