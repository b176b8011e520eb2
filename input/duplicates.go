package input

import (
	"cmp"
	"context"
	"crypto/sha256"
	"io"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"alexnet/internal/regular"
)

// TinySide is the side in pixels under which an image has too little to show:
// AlexNet sees it enlarged more than seven times.
const SmallSide = 32

// Tiny returns the examples with a side shorter than the given number of
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

// Duplicates returns the groups of equal files, by SHA-256, in the order of
// their first members. Only files of the same size are read. Files that cannot
// be read are problems; the error is ctx's.
func Duplicates(ctx context.Context, d *Dataset) ([]Duplicate, []Excluded, error) {
	all := slices.Concat(d.Train, d.Val)
	sums, errs, err := digests(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	var problems []Excluded
	members := map[[sha256.Size]byte][]int{}
	for i := range all {
		switch {
		case errs[i] != nil:
			problems = append(problems, ExcludedFor(all[i].Path, errs[i]))
		case sums[i] != [sha256.Size]byte{}:
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

// digests hashes the examples whose size another one has; the sums of the
// others stay zero.
func digests(ctx context.Context, all []Example) (sums [][sha256.Size]byte, errs []error, err error) {
	sizes := map[int64]int{}
	for _, ex := range all {
		sizes[ex.Size]++
	}
	sums, errs = make([][sha256.Size]byte, len(all)), make([]error, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, ex := range all {
		if sizes[ex.Size] > 1 {
			g.Go(func() error {
				sums[i], errs[i] = digest(ex)
				return ctx.Err()
			})
		}
	}
	return sums, errs, g.Wait()
}

// digest reads no more than the size that the file had when it was checked.
func digest(ex Example) (sum [sha256.Size]byte, err error) {
	f, _, err := regular.Open(ex.Path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, ex.Size+1))
	if err == nil && n != ex.Size {
		err = errChanged
	}
	if err == nil {
		h.Sum(sum[:0])
	}
	return sum, err
}
